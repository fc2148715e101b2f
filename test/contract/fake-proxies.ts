/** The proxies port in memory, for tests of the whole API without root: nothing is carried. */
import { type Duplex, duplexPair } from 'node:stream';
import type { Proxies, ProxySpec } from '../../src/core/ports/proxies.ts';
import { HostError } from '../../src/lib/host-error.ts';

export type FakeProxies = Proxies & {
  /** Where somebody else listens already. */
  taken: Set<string>;
  /** Programs inside guests, by port: they are given the other end of each connection. */
  servers: Map<number, (peer: Duplex) => void>;
};

export function createFakeProxies(): FakeProxies {
  const running = new Map<string, ProxySpec>();
  const taken = new Set<string>();
  const servers: FakeProxies['servers'] = new Map();
  const keyOf = ({ guest, device }: Pick<ProxySpec, 'guest' | 'device'>) => JSON.stringify([guest, device]);
  return {
    taken,
    servers,
    async connect(_guest, { port }) {
      const serve = servers.get(port);
      if (!serve) throw new HostError('connect: ECONNREFUSED', { errno: 'ECONNREFUSED' });
      const [ours, theirs] = duplexPair();
      serve(theirs);
      return ours;
    },
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
