/**
 * Rules for forwards: packets to an address of the host get the address of a guest. Pure text.
 * A guest that asks its own forward gets no answer where br_netfilter is loaded: the kernel then sends the packet back through
 * the port that it came from only in hairpin mode, which would break IPv6's search for duplicate addresses.
 */
import type { ForwardSpec } from '../core/ports/network.ts';
import { formatIp, type Ip, parseIp } from '../lib/ip.ts';
import { countPorts, eachPort, formatPorts } from '../lib/port-list.ts';

/** Lines of the chain that both packets from outside and those of the host itself pass. Ports win over the default target. */
export function forwardRules(forwards: readonly ForwardSpec[]): string[] {
  return [...forwards.flatMap(portRules), ...forwards.flatMap(defaultRule)];
}

function portRules({ listen, ports }: ForwardSpec): string[] {
  const address = parsed(listen);
  return ports.map(({ protocol, listenPorts, target, targetPorts }) => {
    const wanted = `${family(address)} daddr ${formatIp(address)} ${protocol} dport { ${formatPorts(listenPorts)} }`;
    return `${wanted} ${translation(protocol, parsed(target), listenPorts, targetPorts)}`;
  });
}

type Ports = ForwardSpec['ports'][number]['listenPorts'];

function translation(protocol: string, target: Ip, from: Ports, to: Ports): string {
  const address = target.family === 'inet' ? formatIp(target) : `[${formatIp(target)}]`;
  const way = `dnat ${family(target)} to`;
  if (to.length === 0 || formatPorts(to) === formatPorts(from)) return `${way} ${formatIp(target)}`;
  if (countPorts(to) === 1) return `${way} ${address}:${formatPorts(to)}`;
  // One to one; a range alone would let the kernel choose.
  const pairs = eachPort(from).map((port, index) => `${port} : ${eachPort(to)[index]}`);
  return `${way} ${formatIp(target)} : ${protocol} dport map { ${pairs.join(', ')} }`;
}

function defaultRule({ listen, target }: ForwardSpec): string[] {
  if (target === undefined) return [];
  const address = parsed(listen);
  return [`${family(address)} daddr ${formatIp(address)} dnat ${family(address)} to ${formatIp(parsed(target))}`];
}

const family = (ip: Ip): 'ip' | 'ip6' => (ip.family === 'inet' ? 'ip' : 'ip6');

/** Addresses are checked before they get here; this keeps any other text out of the rules. */
function parsed(address: string): Ip {
  const ip = parseIp(address);
  if (!ip) throw new RangeError(`not an address: ${address}`);
  return ip;
}
