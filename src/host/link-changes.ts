/**
 * Changing links, addresses and routes by rtnetlink, about 0.1 ms per call. Names are those that the links are created
 * with; only links of the host itself are ever moved to another namespace, and back.
 */
import { HostError } from '../lib/host-error.ts';
import { type Ip, ipToBytes } from '../lib/ip.ts';
import { IFF_UP, linkAttributes, linkHeader, linkInfoAttributes } from './links.ts';
import { type Netlink, requestInBackground } from './netlink.ts';
import { attribute, messageFlags, text, u8, u32 } from './netlink-message.ts';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_NEWROUTE = 24;
const createNew = messageFlags.create | messageFlags.exclusive;
const AF_INET = 2;
const AF_INET6 = 10;
const IFA_F_NODAD = 0x02;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const VETH_INFO_PEER = 1;
const IFLA_LINK = 5;
const bridgeAttributes = { forwardDelay: 1, stpState: 5, multicastSnooping: 23 } as const;

const { name: nameAttribute, address, mtu, master, alias, linkInfo, addressFamilies, namespaceFd } = linkAttributes;

/** A bridge that forwards from its first moment: no spanning tree, no learning delay. */
export function createBridge(netlink: Netlink, bridge: { name: string; hwaddr: string; mtu: number }): void {
  const data = [
    attribute(bridgeAttributes.forwardDelay, u32(0)),
    attribute(bridgeAttributes.stpState, u32(0)),
    attribute(bridgeAttributes.multicastSnooping, u8(0)),
  ];
  createLink(netlink, 'bridge', bridge, data);
}

/** A pair: `host` here, `guest` directly in the namespace `guestNamespaceFd` under its final name. Both are down. */
export function createVethPair(
  netlink: Netlink,
  host: { name: string; mtu: number },
  guest: { name: string; hwaddr: string; mtu: number },
  guestNamespaceFd: number,
): void {
  const peer = [
    linkHeader(0),
    attribute(nameAttribute, text(guest.name)),
    attribute(address, macBytes(guest.hwaddr)),
    attribute(mtu, u32(guest.mtu)),
    attribute(namespaceFd, u32(guestNamespaceFd)),
  ];
  createLink(netlink, 'veth', host, [attribute(VETH_INFO_PEER, peer)]);
}

/** A card of its own on the link of a parent, directly in the namespace under its final name. Down. */
export function createMacvlan(
  netlink: Netlink,
  guest: { name: string; hwaddr: string; mtu: number },
  parentIndex: number,
  guestNamespaceFd: number,
): void {
  const [modeAttribute, bridgeMode] = [1, 4];
  createLink(
    netlink,
    'macvlan',
    guest,
    [attribute(modeAttribute, u32(bridgeMode))],
    [attribute(IFLA_LINK, u32(parentIndex)), attribute(namespaceFd, u32(guestNamespaceFd))],
  );
}

/** An intermediate functional block: what enters another link is sent through it, so that it can be shaped. */
export function createIfb(netlink: Netlink, link: { name: string; mtu: number }): void {
  createLink(netlink, 'ifb', link, []);
}

function createLink(
  netlink: Netlink,
  kind: string,
  link: { name: string; mtu: number; hwaddr?: string },
  data: readonly Uint8Array[],
  more: readonly Uint8Array[] = [],
): void {
  const body = Buffer.concat([
    linkHeader(0),
    attribute(nameAttribute, text(link.name)),
    attribute(mtu, u32(link.mtu)),
    ...(link.hwaddr ? [attribute(address, macBytes(link.hwaddr))] : []),
    attribute(linkInfo, [
      attribute(linkInfoAttributes.kind, Buffer.from(kind)),
      attribute(linkInfoAttributes.data, data),
    ]),
    ...more,
  ]);
  netlink.request(`create ${kind} ${link.name}`, RTM_NEWLINK, createNew, body);
}

export type LinkChange = {
  alias?: string;
  mtu?: number;
  hwaddr?: string;
  master?: number;
  up?: boolean;
  /** Moves it into this namespace; together with a name that it has there. */
  namespaceFd?: number;
  name?: string;
};

export function changeLink(netlink: Netlink, index: number, change: LinkChange): void {
  const body = Buffer.concat([
    change.up === undefined ? linkHeader(index) : linkHeader(index, change.up ? IFF_UP : 0, IFF_UP),
    ...(change.alias === undefined ? [] : [attribute(alias, Buffer.from(change.alias))]),
    ...(change.mtu === undefined ? [] : [attribute(mtu, u32(change.mtu))]),
    ...(change.hwaddr === undefined ? [] : [attribute(address, macBytes(change.hwaddr))]),
    ...(change.master === undefined ? [] : [attribute(master, u32(change.master))]),
    ...(change.namespaceFd === undefined ? [] : [attribute(namespaceFd, u32(change.namespaceFd))]),
    ...(change.name === undefined ? [] : [attribute(nameAttribute, text(change.name))]),
  ]);
  netlink.request(`change link ${index}`, RTM_NEWLINK, 0, body);
}

/** A bridge port needs no address of its own: without one the host's IPv6 never speaks on it. */
export function withoutLinkLocal(netlink: Netlink, index: number): void {
  const inet6 = attribute(AF_INET6, [attribute(IFLA_INET6_ADDR_GEN_MODE, u8(IN6_ADDR_GEN_MODE_NONE))]);
  const body = Buffer.concat([linkHeader(index), attribute(addressFamilies, [inet6])]);
  netlink.request(`set IPv6 mode of link ${index}`, RTM_NEWLINK, 0, body);
}

export async function deleteLink(link: { index: number; name: string }): Promise<void> {
  await requestInBackground(`delete link ${link.name}`, RTM_DELLINK, 0, linkHeader(link.index));
}

/** The caller waits, some 16 ms. */
export function deleteLinkNow(netlink: Netlink, link: { index: number; name: string }): void {
  netlink.request(`delete link ${link.name}`, RTM_DELLINK, 0, linkHeader(link.index));
}

/** IPv6 addresses are usable at once: their uniqueness is the caller's business. */
export function addAddress(netlink: Netlink, index: number, ip: Ip, prefix: number): void {
  netlink.request(`add address to link ${index}`, RTM_NEWADDR, createNew, addressBody(index, ip, prefix));
}

export function removeAddress(netlink: Netlink, index: number, ip: Ip, prefix: number): void {
  netlink.request(`remove address of link ${index}`, RTM_DELADDR, 0, addressBody(index, ip, prefix));
}

function addressBody(index: number, ip: Ip, prefix: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(ip.family === 'inet' ? AF_INET : AF_INET6, 0);
  header.writeUInt8(prefix, 1);
  header.writeUInt32LE(index, 4);
  const bytes = ipToBytes(ip);
  const local = [attribute(2, bytes), attribute(1, bytes)];
  if (ip.family === 'inet6') return Buffer.concat([header, ...local, attribute(8, u32(IFA_F_NODAD))]);
  const broadcast = { family: ip.family, value: ip.value | ((1n << BigInt(32 - prefix)) - 1n) };
  return Buffer.concat([header, ...local, ...(prefix < 31 ? [attribute(4, ipToBytes(broadcast))] : [])]);
}

export function addDefaultRoute(netlink: Netlink, index: number, gateway: Ip): void {
  const [tableMain, protocolBoot, unicast] = [254, 3, 1];
  const header = Buffer.alloc(12);
  header.writeUInt8(gateway.family === 'inet' ? AF_INET : AF_INET6, 0);
  header.writeUInt8(tableMain, 4);
  header.writeUInt8(protocolBoot, 5);
  header.writeUInt8(unicast, 7);
  const body = Buffer.concat([header, attribute(5, ipToBytes(gateway)), attribute(4, u32(index))]);
  netlink.request(`add default route to link ${index}`, RTM_NEWROUTE, createNew, body);
}

/** This one address is reached directly through the link. */
export function addLinkRoute(netlink: Netlink, index: number, to: Ip): void {
  const [tableMain, protocolBoot, linkScope, unicast] = [254, 3, 253, 1];
  const header = Buffer.alloc(12);
  header.writeUInt8(to.family === 'inet' ? AF_INET : AF_INET6, 0);
  header.writeUInt8(to.family === 'inet' ? 32 : 128, 1);
  header.writeUInt8(tableMain, 4);
  header.writeUInt8(protocolBoot, 5);
  header.writeUInt8(to.family === 'inet' ? linkScope : 0, 6);
  header.writeUInt8(unicast, 7);
  const body = Buffer.concat([header, attribute(1, ipToBytes(to)), attribute(4, u32(index))]);
  netlink.request(`add route through link ${index}`, RTM_NEWROUTE, createNew, body);
}

/** Whether the host answers on this link when somebody asks for the address (proxy ARP, proxy NDP). */
export function answerForNeighbour(netlink: Netlink, index: number, ip: Ip, answer: boolean): void {
  const [newNeighbour, deleteNeighbour, permanent, proxy] = [28, 29, 0x80, 0x08];
  const header = Buffer.alloc(12);
  header.writeUInt8(ip.family === 'inet' ? AF_INET : AF_INET6, 0);
  header.writeInt32LE(index, 4);
  header.writeUInt16LE(permanent, 8);
  header.writeUInt8(proxy, 10);
  const body = Buffer.concat([header, attribute(1, ipToBytes(ip))]);
  try {
    netlink.request(
      `answer for neighbours of link ${index}`,
      answer ? newNeighbour : deleteNeighbour,
      answer ? messageFlags.create : 0,
      body,
    );
  } catch (error) {
    if (answer || !(error instanceof HostError && error.errno === 'ENOENT')) throw error;
  }
}

function macBytes(hwaddr: string): Uint8Array {
  return Uint8Array.from(hwaddr.split(':'), (part) => Number.parseInt(part, 16));
}
