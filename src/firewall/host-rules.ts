/**
 * The inet table: address translation for the managed networks, what guests may ask from the host, and what may be
 * forwarded to guests. Its chains accept by default: what concerns no bridge of ours is left to the host's own rules.
 */
import type { AclSpec, ForwardSpec } from '../core/ports/network.ts';
import { formatIp, formatPrefix, parseIp, prefixOf } from '../lib/ip.ts';
import { aclChain, aclChains } from './acl-rules.ts';
import { forwardRules } from './forward-rules.ts';

export type BridgedNetwork = {
  link: string;
  ipv4: { address: string; prefix: number; nat: boolean } | undefined;
  ipv6: { address: string; prefix: number; nat: boolean } | undefined;
  forwards?: readonly ForwardSpec[];
  acl?: AclSpec | undefined;
};

/** The whole table, replaced in one transaction; connections that are being translated go on. */
export function hostTable(table: string, networks: readonly BridgedNetwork[]): string {
  const links = networks.map(({ link }) => `"${link}"`);
  const ipv4 = networks.flatMap((network) => network.ipv4 ?? []);
  const ipv6 = networks.flatMap((network) => network.ipv6 ?? []);
  return `table inet ${table} {}
delete table inet ${table}
table inet ${table} {
 ${set('bridges', 'ifname', links)}
 ${set(
   'same_bridge',
   'ifname . ifname',
   links.map((link) => `${link} . ${link}`),
 )}
 ${set('gateway4', 'ipv4_addr', ipv4.map(gatewayOf))}
 ${set('gateway6', 'ipv6_addr', ipv6.map(gatewayOf))}
 ${set('private4', 'ipv4_addr; flags interval', ipv4.filter(({ nat }) => nat).map(subnetOf))}
 ${set('private6', 'ipv6_addr; flags interval', ipv6.filter(({ nat }) => nat).map(subnetOf))}
 ${set('guests4', 'ipv4_addr; flags interval', ipv4.map(subnetOf))}
 ${set('guests6', 'ipv6_addr; flags interval', ipv6.map(subnetOf))}
${accessChains(networks)}
${forwardChains(networks)}
${chains}
}
`;
}

export function noTable(family: 'inet' | 'bridge', table: string): string {
  return `table ${family} ${table} {}\ndelete table ${family} ${table}\n`;
}

/** Packets to the addresses of forwards, from outside and from the host itself, to guests. */
function forwardChains(networks: readonly BridgedNetwork[]): string {
  const rules = forwardRules(networks.flatMap(({ forwards }) => forwards ?? []));
  if (rules.length === 0) return '';
  return ` chain forwards {
${rules.map((rule) => `  ${rule}`).join('\n')}
 }
 chain from_outside { type nat hook prerouting priority -100; policy accept; goto forwards; }
 chain from_host { type nat hook output priority -100; policy accept; goto forwards; }`;
}

/** The chains of access lists, and the one that leads to them. Between guests of one bridge no list is asked. */
function accessChains(networks: readonly BridgedNetwork[]): string {
  const listed = networks.flatMap(({ link, acl }) => (acl ? [{ link, acl }] : []));
  const jumps = (['egress', 'ingress'] as const).flatMap((direction) =>
    listed.map(
      ({ link }) => `  ${direction === 'egress' ? 'iifname' : 'oifname'} "${link}" jump ${aclChain(link, direction)}`,
    ),
  );
  const toGuests = jumps.filter((line) => line.includes('oifname'));
  return [
    ...listed.map(({ link, acl }) => aclChains(link, acl)),
    ` chain access {\n${jumps.join('\n')}\n }`,
    toGuests.length === 0
      ? ''
      : ` chain output {\n  type filter hook output priority 0; policy accept;\n  ct state established,related accept\n${toGuests.join('\n')}\n }`,
  ].join('\n');
}

// `same_bridge`: with br_netfilter loaded, frames between two guests of one bridge pass the forward chain as well.
// A guest that reaches another by the address of a forward would get its answer directly, from an address that it never
// asked: such connections come from the gateway (`guests4`).
// The DNS server answers on the gateway addresses only; routers advertise it by the bridge's link-local address too.
const chains = ` chain nat {
  type nat hook postrouting priority 100; policy accept;
  ct status dnat ip saddr @guests4 ip daddr @guests4 masquerade
  ct status dnat ip6 saddr @guests6 ip6 daddr @guests6 masquerade
  oifname @bridges accept
  ip saddr @private4 masquerade
  ip6 saddr @private6 masquerade
 }
 chain forward {
  type filter hook forward priority 0; policy accept;
  ct state established,related accept
  iifname . oifname @same_bridge accept
  jump access
  oifname @bridges ct status dnat accept
  oifname @bridges ip daddr @private4 drop
  oifname @bridges ip6 daddr @private6 drop
 }
 chain input {
  type filter hook input priority 0; policy accept;
  iifname @bridges goto from_guests
 }
 chain from_guests {
  ct state established,related accept
  ip daddr @gateway4 meta l4proto { tcp, udp } th dport 53 accept
  ip6 daddr @gateway6 meta l4proto { tcp, udp } th dport 53 accept
  ip6 daddr fe80::/10 meta l4proto { tcp, udp } th dport 53 accept
  udp dport { 67, 547 } accept
  icmp type echo-request accept
  icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
  drop
 }`;

function set(name: string, type: string, elements: readonly string[]): string {
  const list = elements.length > 0 ? ` elements = { ${elements.join(', ')} }` : '';
  return `set ${name} { type ${type};${list}\n }`;
}

function gatewayOf(network: { address: string }): string {
  return formatIp(parsed(network.address));
}

function subnetOf(network: { address: string; prefix: number }): string {
  return formatPrefix(prefixOf(parsed(network.address), network.prefix));
}

/** Addresses are checked before they get here; this keeps any other text out of the rules. */
function parsed(address: string) {
  const ip = parseIp(address);
  if (!ip) throw new RangeError(`not an address: ${address}`);
  return ip;
}
