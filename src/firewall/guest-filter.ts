/**
 * The bridge table: what a guest's port may send. One table for all guests, looked up through sets keyed by the port's
 * name, so that a packet costs the same with 3 guests and with 1000. Pure text.
 */
import { formatIp, type Ip, linkLocalOf, parseIp } from '../lib/ip.ts';

/** A port of one of our bridges. A filter that is off lets the guest use any address of that kind. */
export type GuestPort = {
  /** Name of the host side link. */
  link: string;
  hwaddr: string;
  ipv4: string | undefined;
  ipv6: string | undefined;
  filters: { mac: boolean; ipv4: boolean; ipv6: boolean };
};

export type SetElement = { set: string; element: string };

export function portElements(port: GuestPort): SetElement[] {
  const { mac, ipv4, ipv6 } = port.filters;
  if (!mac && !ipv4 && !ipv6) return [];
  const name = `"${port.link}"`;
  const own6 = [linkLocalOf(port.hwaddr), ...(port.ipv6 ? [parsed(port.ipv6)] : [])];
  return [
    { set: 'nic_all', element: name },
    ...(mac
      ? [{ set: 'nic_mac', element: `${name} . ${port.hwaddr.toLowerCase()}` }]
      : [{ set: 'any_mac', element: name }]),
    ...(ipv4 ? [] : [{ set: 'any_ip4', element: name }]),
    ...(ipv6 ? [] : [{ set: 'any_ip6', element: name }]),
    ...(ipv4 && port.ipv4 ? [{ set: 'nic_ip4', element: `${name} . ${formatIp(parsed(port.ipv4))}` }] : []),
    ...(ipv6 ? own6.map((ip) => ({ set: 'nic_ip6', element: `${name} . ${formatIp(ip)}` })) : []),
    ...(ipv6 ? own6.map((ip) => ({ set: 'nic_target6', element: `${name} . ${hexadecimal(ip)}` })) : []),
  ];
}

/** The whole table, replaced in one transaction. */
export function guestTable(table: string, ports: Iterable<GuestPort>): string {
  const elements = [...ports].flatMap(portElements);
  return `table bridge ${table} {}
delete table bridge ${table}
table bridge ${table} {
${rules}
}
${changeElements('add', table, elements)}`;
}

/** One line per set. */
export function changeElements(verb: 'add' | 'delete', table: string, elements: readonly SetElement[]): string {
  const bySet = Map.groupBy(elements, ({ set }) => set);
  return [...bySet]
    .map(([set, group]) => `${verb} element bridge ${table} ${set} { ${group.map((e) => e.element).join(', ')} }\n`)
    .join('');
}

// nft 1.0.6 does not know `icmpv6 taddr`: the target of a neighbour message is read as the 128 bits after the ICMPv6
// header. Frames that are neither ARP, IPv4 nor IPv6 (VLAN tags, spanning tree, LLDP) fall to the last drop of `spoof`.
const rules = ` set nic_all { type ifname; }
 set nic_mac { type ifname . ether_addr; }
 set nic_ip4 { type ifname . ipv4_addr; }
 set nic_ip6 { type ifname . ipv6_addr; }
 set nic_target6 { typeof iifname . @th,64,128; }
 set any_mac { type ifname; }
 set any_ip4 { type ifname; }
 set any_ip6 { type ifname; }
 chain spoof {
  type filter hook prerouting priority -300; policy accept;
  iifname != @nic_all accept
  iifname != @any_mac iifname . ether saddr != @nic_mac drop
  iifname != @any_ip4 udp sport 67 drop
  iifname != @any_ip6 udp sport 547 drop
  ether type vmap { arp : goto spoof_arp, ip : goto spoof_ip4, ip6 : goto spoof_ip6 }
  drop
 }
 chain spoof_arp {
  iifname @any_ip4 accept
  arp htype != 1 drop
  arp ptype != ip drop
  iifname != @any_mac iifname . arp saddr ether != @nic_mac drop
  iifname . arp saddr ip @nic_ip4 arp operation { 1, 2 } accept
  arp saddr ip 0.0.0.0 arp operation 1 accept
  drop
 }
 chain spoof_ip4 {
  iifname @any_ip4 accept
  iifname . ip saddr @nic_ip4 accept
  ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept
  drop
 }
 chain spoof_ip6 {
  iifname @any_ip6 accept
  icmpv6 type { nd-router-advert, nd-redirect } drop
  icmpv6 type nd-neighbor-advert iifname . @th,64,128 != @nic_target6 drop
  iifname . ip6 saddr @nic_ip6 accept
  ip6 saddr :: icmpv6 type nd-neighbor-solicit iifname . @th,64,128 @nic_target6 accept
  ip6 saddr :: icmpv6 type { mld-listener-report, mld2-listener-report } accept
  drop
 }`;

function hexadecimal(ip: Ip): string {
  return `0x${ip.value.toString(16).padStart(32, '0')}`;
}

/** Addresses are checked before they get here; this keeps any other text out of the rules. */
function parsed(address: string): Ip {
  const ip = parseIp(address);
  if (!ip) throw new RangeError(`not an address: ${address}`);
  return ip;
}
