/**
 * The door for specs: every text that goes into a rule set, a configuration file or a link name is checked here, so that
 * nothing in it can be read as something else.
 */
import type { NetworkSpec, NicSpec } from '../../core/ports/network.ts';
import { HostError } from '../../lib/host-error.ts';
import { contains, isMac, parseIp, prefixOf } from '../../lib/ip.ts';

const linkName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/;
const networkName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const label = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const hostName = new RegExp(`^${label}$`);
const domainName = new RegExp(`^${label}(\\.${label})*$`);
/** Linux refuses IPv6 below 1280 and Ethernet above 65535. */
const mtuRange = { from: 576, to: 65535 };

export function checkNetworkSpec(spec: NetworkSpec): void {
  const must = demand(`network ${spec.name}`);
  must(networkName.test(spec.name), 'name', spec.name);
  must(linkName.test(spec.link), 'link name', spec.link);
  must(domainName.test(spec.domain), 'domain', spec.domain);
  must(isMtu(spec.mtu), 'mtu', String(spec.mtu));
  for (const server of spec.nameservers) must(parseIp(server) !== undefined, 'name server', server);
  const { ipv4, ipv6 } = spec;
  if (ipv4) must(isAddress(ipv4.address, 'inet') && inRange(ipv4.prefix, 8, 30), 'IPv4 address', shown(ipv4));
  if (ipv6) must(isAddress(ipv6.address, 'inet6') && inRange(ipv6.prefix, 16, 126), 'IPv6 address', shown(ipv6));
  if (ipv6) must(spec.mtu >= 1280, 'mtu (IPv6 needs 1280)', String(spec.mtu));
  for (const end of ipv4?.dhcpRange ? [ipv4.dhcpRange.from, ipv4.dhcpRange.to] : [])
    must(ipv4 !== undefined && isInside(end, ipv4), 'DHCP range', end);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  must(!/[\0-\x08\x0b-\x1f]/.test(spec.rawDnsmasq), 'raw.dnsmasq', 'control characters');
}

/** The name is a folder's name too: nothing else may be removed by it. */
export function checkNetworkName(name: string): void {
  demand('network')(networkName.test(name), 'name', name);
}

export function checkNicSpec(nic: NicSpec): void {
  const must = demand(`NIC ${nic.name} of guest ${nic.guest}`);
  must(linkName.test(nic.name), 'name', nic.name);
  must(linkName.test(nic.hostName), 'host name', nic.hostName);
  const kind = nic.kind ?? 'bridged';
  const hasNoLink = nic.link === '' && (kind === 'p2p' || kind === 'routed');
  must(hasNoLink || linkName.test(nic.link), kind === 'bridged' ? 'bridge' : 'parent', nic.link);
  for (const address of nic.addresses ?? []) must(parseIp(address) !== undefined, 'address', address);
  must(nic.guest !== '' && nic.guest.length <= 100, 'guest id', nic.guest);
  must(hostName.test(nic.hostname), 'DNS name', nic.hostname);
  const keepsOwn = kind === 'physical';
  if (!keepsOwn || nic.hwaddr !== '')
    must(isMac(nic.hwaddr) && (Number.parseInt(nic.hwaddr.slice(0, 2), 16) & 1) === 0, 'MAC address', nic.hwaddr);
  must(isMtu(nic.mtu) || (kind !== 'bridged' && nic.mtu === 0), 'mtu', String(nic.mtu));
  for (const [family, address] of [['inet', nic.ipv4] as const, ['inet6', nic.ipv6] as const]) {
    if (!address) continue;
    must(isAddress(address.address, family), 'address', address.address);
    must(isAddress(address.gateway, family), 'gateway', address.gateway);
    must(inRange(address.prefix, 1, family === 'inet' ? 32 : 128), 'prefix', String(address.prefix));
  }
  for (const rate of [nic.limits.ingressBits, nic.limits.egressBits])
    must(rate === undefined || inRange(rate, 8_000, 1e12), 'rate limit', `${rate} bit/s`);
}

function demand(what: string): (holds: boolean, field: string, seen: string) => void {
  return (holds, field, seen) => {
    if (!holds) throw new HostError(`${what}: unusable ${field}: ${JSON.stringify(seen.slice(0, 200))}`);
  };
}

function isAddress(text: string, family: 'inet' | 'inet6'): boolean {
  return parseIp(text)?.family === family;
}

function isInside(text: string, network: { address: string; prefix: number }): boolean {
  const [ip, own] = [parseIp(text), parseIp(network.address)];
  return ip !== undefined && own !== undefined && contains(prefixOf(own, network.prefix), ip);
}

function isMtu(mtu: number): boolean {
  return inRange(mtu, mtuRange.from, mtuRange.to);
}

function inRange(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}

function shown(network: { address: string; prefix: number }): string {
  return `${network.address}/${network.prefix}`;
}
