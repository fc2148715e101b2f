/**
 * Forwards of networks where the address that they listen on is not in the network of the daemon: the relay listens out there
 * and connects in here. What is carried already and wanted still is left alone, with its connections.
 */
import type { ForwardSpec } from '../core/ports/network.ts';
import { ownNetwork, type Proxies, type ProxySpec } from '../core/ports/proxies.ts';
import { HostError } from '../lib/host-error.ts';
import { countPorts, eachPort, formatPorts } from '../lib/port-list.ts';

/** Brings what is carried for a network to these forwards; all or nothing. */
export type CarryForwards = (network: string, forwards: readonly ForwardSpec[]) => Promise<void>;

/** Each port costs a descriptor of the relay. */
const portsAtMost = 1024;

export function createForwardCarrier({ start, stop, list }: Pick<Proxies, 'start' | 'stop' | 'list'>): CarryForwards {
  return async (network, forwards) => {
    const owner = `network ${network}`;
    const wanted = forwards.flatMap((forward) => proxiesOf(owner, forward));
    const running = (await list()).filter(({ guest, pid }) => guest === owner && pid === ownNetwork);
    const isIn = (list: readonly ProxySpec[], { device }: ProxySpec) => list.some((other) => other.device === device);
    const gone = running.filter((spec) => !isIn(wanted, spec));
    const come = wanted.filter((spec) => !isIn(running, spec));
    // First: a port may only change its target.
    for (const spec of gone) await stop(spec);
    const started: ProxySpec[] = [];
    try {
      for (const spec of come) {
        await start(spec);
        started.push(spec);
      }
    } catch (error) {
      for (const spec of started) await stop(spec);
      for (const spec of gone) await start(spec).catch(() => {});
      throw error;
    }
  };
}

function proxiesOf(guest: string, { listen, target, ports }: ForwardSpec): ProxySpec[] {
  const refuse = (reason: string): never => {
    throw new HostError(reason, { errno: 'ENOTSUP' });
  };
  if (target !== undefined)
    refuse('without root, a forward has to name its ports: all ports of an address cannot be carried (target_address)');
  if (ports.reduce((sum, { listenPorts }) => sum + countPorts(listenPorts), 0) > portsAtMost)
    refuse(`without root, a forward can have ${portsAtMost} ports at most`);
  return ports.map(({ protocol, listenPorts, target: host, targetPorts }) => ({
    guest,
    device: `${protocol} ${listen} ${formatPorts(listenPorts)} to ${host} ${formatPorts(targetPorts)}`,
    pid: ownNetwork,
    range: { base: 0, size: 0 },
    side: 'host',
    listen: { kind: protocol, host: listen, ports: eachPort(listenPorts) },
    connect: { kind: protocol, host, ports: eachPort(targetPorts.length > 0 ? targetPorts : listenPorts) },
    proxyProtocol: false,
    socket: { uid: 0, gid: 0, mode: 0 },
  }));
}
