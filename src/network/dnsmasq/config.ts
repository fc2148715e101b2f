/** The configuration of a network's dnsmasq. Pure text: the same network always gives the same file. */

import type { NetworkSpec } from '../../core/ports/network.ts';
import { HostError } from '../../lib/host-error.ts';
import { formatIp, ipv4Mask, nthAddress, parseIp, prefixOf } from '../../lib/ip.ts';

export type DnsmasqPaths = { config: string; pid: string; leases: string; hosts: string; names: string };

const leaseTime = '1h';

export function dnsmasqConfig(spec: NetworkSpec, paths: DnsmasqPaths, user: string): string {
  const lines = [
    `user=${user}`,
    `pid-file=${paths.pid}`,
    // Bound to the bridge only: it neither meets the host's own name server nor another network's dnsmasq.
    'bind-interfaces',
    'except-interface=lo',
    `interface=${spec.link}`,
    'no-hosts',
    `domain=${spec.domain}`,
    `local=/${spec.domain}/`,
    'domain-needed',
    'bogus-priv',
    `hostsdir=${paths.names}`,
    ...upstream(spec),
    ...dhcp(spec, paths),
    ...(spec.rawDnsmasq === '' ? [] : spec.rawDnsmasq.split('\n')),
  ];
  return `${lines.join('\n')}\n`;
}

/** Without servers of its own the network follows the host's resolv.conf; dnsmasq watches that file itself. */
function upstream(spec: NetworkSpec): string[] {
  if (spec.nameservers.length === 0) return ['resolv-file=/etc/resolv.conf'];
  return ['no-resolv', ...spec.nameservers.map((server) => `server=${server}`)];
}

/** Addresses come from `hosts` alone (`static`), unless the network has a range for strangers. */
function dhcp(spec: NetworkSpec, paths: DnsmasqPaths): string[] {
  const { ipv4, ipv6 } = spec;
  const lines: string[] = [];
  if (ipv4?.dhcp) {
    const range = ipv4.dhcpRange ? `${ipv4.dhcpRange.from},${ipv4.dhcpRange.to}` : `${networkOf(ipv4)},static`;
    lines.push(`dhcp-range=${range},${ipv4Mask(ipv4.prefix)},${leaseTime}`);
    if (spec.mtu !== 1500) lines.push(`dhcp-option-force=option:mtu,${spec.mtu}`);
  }
  // Router advertisements in any case; with DHCP they say "ask for your address" and forbid self-made ones.
  if (ipv6) lines.push('enable-ra');
  if (ipv6?.dhcp) lines.push(`dhcp-range=${networkOf(ipv6)},static,${ipv6.prefix},${leaseTime}`);
  else if (ipv6) lines.push(`dhcp-range=${networkOf(ipv6)},ra-only,${ipv6.prefix},${leaseTime}`);
  if (ipv6 && spec.mtu !== 1500) lines.push(`ra-param=${spec.link},mtu:${spec.mtu},0`);
  if (lines.length === 0) return [];
  return [
    ...lines,
    'dhcp-authoritative',
    'dhcp-no-override',
    // The name of a guest is what its reservation says; without this every new lease waits for an ICMP probe.
    'dhcp-fqdn',
    'no-ping',
    `dhcp-leasefile=${paths.leases}`,
    `dhcp-hostsdir=${paths.hosts}`,
  ];
}

function networkOf(network: { address: string; prefix: number }): string {
  const ip = parseIp(network.address);
  const first = ip && nthAddress(prefixOf(ip, network.prefix), 0);
  if (!first) throw new HostError(`not an address: ${network.address}`);
  return formatIp(first);
}
