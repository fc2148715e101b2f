/** The proxies port in memory, for tests of the whole API without root: nothing is carried. */
import type { Proxies, ProxySpec } from '../../src/core/ports/proxies.ts';
import { HostError } from '../../src/lib/host-error.ts';

export type FakeProxies = Proxies & {
  /** Where somebody else listens already. */
  taken: Set<string>;
};

export function createFakeProxies(): FakeProxies {
  const running = new Map<string, ProxySpec>();
  const taken = new Set<string>();
  const keyOf = ({ guest, device }: Pick<ProxySpec, 'guest' | 'device'>) => JSON.stringify([guest, device]);
  return {
    taken,
    async start(spec) {
      const at = JSON.stringify(spec.listen);
      const isTaken = [...running].some(([key, other]) => key !== keyOf(spec) && JSON.stringify(other.listen) === at);
      if (isTaken || taken.has(at)) throw new HostError('bind: EADDRINUSE', { errno: 'EADDRINUSE' });
      running.set(keyOf(spec), structuredClone(spec));
    },
    async stop(proxy) {
      running.delete(keyOf(proxy));
    },
    list: async () => structuredClone([...running.values()]),
  };
}
