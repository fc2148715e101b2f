/**
 * Reading the network of a namespace by rtnetlink: links with counters, addresses, routes. Changes: `link-changes.ts`.
 */
import { HostError } from '../lib/host-error.ts';
import { type Ip, ipFromBytes, type Prefix, prefixOf } from '../lib/ip.ts';
import type { Netlink } from './netlink.ts';
import { attribute, decodeAttributes, messageFlags, readText, text } from './netlink-message.ts';

export type Link = {
  index: number;
  name: string;
  hwaddr: string;
  mtu: number;
  up: boolean;
  /** Driver kind (`bridge`, `veth`); undefined for real hardware and loopback. */
  kind: string | undefined;
  loopback: boolean;
  ethernet: boolean;
  /** The free text that marks a link as ours. */
  alias: string | undefined;
  /** Index of the bridge that it is a port of. */
  master: number | undefined;
  counters: { bytesReceived: number; bytesSent: number; packetsReceived: number; packetsSent: number };
};

export type LinkAddress = { index: number; ip: Ip; prefix: number; scope: 'global' | 'link' | 'local' };

const RTM_GETLINK = 18;
const RTM_GETADDR = 22;
const RTM_GETROUTE = 26;
export const IFF_UP = 1;
const IFF_LOOPBACK = 8;
const ARPHRD_ETHER = 1;
export const linkAttributes = {
  address: 1,
  name: 3,
  mtu: 4,
  master: 10,
  linkInfo: 18,
  alias: 20,
  stats64: 23,
  addressFamilies: 26,
  namespaceFd: 28,
} as const;
export const linkInfoAttributes = { kind: 1, data: 2 } as const;
const linkHeaderBytes = 16;
const addressHeaderBytes = 8;
const routeHeaderBytes = 12;

/** struct ifinfomsg */
export function linkHeader(index: number, flags = 0, change = 0): Buffer {
  const header = Buffer.alloc(linkHeaderBytes);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(flags, 8);
  header.writeUInt32LE(change, 12);
  return header;
}

export function listLinks(netlink: Netlink): Link[] {
  return netlink.query('list links', RTM_GETLINK, messageFlags.dump, linkHeader(0)).map(parseLink);
}

export function findLink(netlink: Netlink, name: string): Link | undefined {
  try {
    const body = Buffer.concat([linkHeader(0), attribute(linkAttributes.name, text(name))]);
    const [answer] = netlink.query(`find link ${name}`, RTM_GETLINK, 0, body);
    return answer && parseLink(answer);
  } catch (error) {
    if (error instanceof HostError && error.errno === 'ENODEV') return undefined;
    throw error;
  }
}

function parseLink(body: Buffer): Link {
  const attributes = decodeAttributes(body.subarray(linkHeaderBytes));
  const flags = body.readUInt32LE(8);
  const info = decodeAttributes(attributes.get(linkAttributes.linkInfo) ?? Buffer.alloc(0));
  const hwaddr = attributes.get(linkAttributes.address)?.toString('hex') ?? '';
  return {
    index: body.readInt32LE(4),
    name: readText(attributes.get(linkAttributes.name)) ?? '',
    hwaddr: hwaddr.replace(/..(?=.)/g, '$&:'),
    mtu: attributes.get(linkAttributes.mtu)?.readUInt32LE() ?? 0,
    up: (flags & IFF_UP) !== 0,
    kind: readText(info.get(linkInfoAttributes.kind)),
    loopback: (flags & IFF_LOOPBACK) !== 0,
    ethernet: body.readUInt16LE(2) === ARPHRD_ETHER,
    alias: readText(attributes.get(linkAttributes.alias)),
    master: attributes.get(linkAttributes.master)?.readUInt32LE(),
    counters: parseCounters(attributes.get(linkAttributes.stats64)),
  };
}

/** The first four fields of struct rtnl_link_stats64. */
function parseCounters(stats: Buffer | undefined): Link['counters'] {
  const field = (index: number) => (stats ? Number(stats.readBigUInt64LE(8 * index)) : 0);
  return { packetsReceived: field(0), packetsSent: field(1), bytesReceived: field(2), bytesSent: field(3) };
}

export function listAddresses(netlink: Netlink): LinkAddress[] {
  const bodies = netlink.query('list addresses', RTM_GETADDR, messageFlags.dump, Buffer.alloc(addressHeaderBytes));
  return bodies.flatMap((body) => {
    const attributes = decodeAttributes(body.subarray(addressHeaderBytes));
    // IFA_LOCAL is the own address; on point-to-point links IFA_ADDRESS is the other end's.
    const bytes = attributes.get(2) ?? attributes.get(1);
    if (!bytes) return [];
    const scope = scopes[body.readUInt8(3)] ?? 'global';
    return [{ index: body.readUInt32LE(4), ip: ipFromBytes(bytes), prefix: body.readUInt8(1), scope }];
  });
}

const scopes: Record<number, LinkAddress['scope']> = { 253: 'link', 254: 'local' };

/** Destinations of all routing tables of both families; default routes have length 0. */
export function listRoutes(netlink: Netlink): Prefix[] {
  const bodies = netlink.query('list routes', RTM_GETROUTE, messageFlags.dump, Buffer.alloc(routeHeaderBytes));
  return bodies.flatMap((body): Prefix[] => {
    const family = body.readUInt8(0);
    const destination = decodeAttributes(body.subarray(routeHeaderBytes)).get(1);
    if (destination) return [prefixOf(ipFromBytes(destination), body.readUInt8(1))];
    if (family !== 2 && family !== 10) return [];
    return [{ family: family === 2 ? 'inet' : 'inet6', value: 0n, length: 0 }];
  });
}
