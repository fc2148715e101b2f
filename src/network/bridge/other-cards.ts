/** Network cards that are on no managed bridge: pairs (p2p, routed) and macvlan; links of the host itself: `lent-links.ts`. */
import { existsSync, writeFileSync } from 'node:fs';
import type { NicSpec } from '../../core/ports/network.ts';
import {
  addAddress,
  addDefaultRoute,
  addLinkRoute,
  answerForNeighbour,
  changeLink,
  createMacvlan,
  createVethPair,
  deleteLink,
  deleteLinkNow,
} from '../../host/link-changes.ts';
import { findLink, type Link } from '../../host/links.ts';
import { type Netlink, openNetlink } from '../../host/netlink.ts';
import { inNetworkNamespace, type NetworkNamespace, openNetworkNamespace } from '../../host/netns.ts';
import { HostError } from '../../lib/host-error.ts';
import { type Ip, parseIp } from '../../lib/ip.ts';
import { lend } from './lent-links.ts';
import { markText } from './mark.ts';

/** The other end of every routed card, as Incus and Calico have it: the guest sends everything there. */
const gateways = { inet: '169.254.0.1', inet6: 'fe80::1' } as const;

export function attachOther(netlink: Netlink, tag: string, nic: NicSpec, pid: number): void {
  using namespace = openNetworkNamespace(pid);
  using inside = inNetworkNamespace(namespace, () => openNetlink());
  if (findLink(inside, nic.name)) throw new HostError(`the guest has a link ${nic.name} already`, { errno: 'EEXIST' });
  if (nic.kind === 'macvlan') attachMacvlan(netlink, inside, nic, namespace);
  else if (nic.kind === 'physical') lend(netlink, inside, tag, nic, namespace);
  else attachPair(netlink, inside, tag, nic, namespace);
}

export function parentOf(netlink: Netlink, nic: NicSpec): Link {
  const parent = findLink(netlink, nic.link);
  if (!parent) throw new HostError(`Parent device "${nic.link}" doesn't exist`, { errno: 'ENODEV' });
  return parent;
}

function attachMacvlan(netlink: Netlink, inside: Netlink, nic: NicSpec, namespace: NetworkNamespace): void {
  const parent = parentOf(netlink, nic);
  // The parent's own traffic needs it up; that is not ours to change on a link of the host.
  if (!parent.up)
    throw new HostError(`the link ${parent.name} is down`, { help: `bring it up: ip link set ${parent.name} up` });
  createMacvlan(
    netlink,
    { name: nic.name, hwaddr: nic.hwaddr, mtu: nic.mtu || parent.mtu },
    parent.index,
    namespace.fd,
  );
  bringUp(inside, nic.name);
}

export function bringUp(inside: Netlink, name: string): Link {
  const link = findLink(inside, name);
  if (!link) throw new HostError(`link ${name} is not in the guest's network namespace`);
  const loopback = findLink(inside, 'lo');
  if (loopback && !loopback.up) changeLink(inside, loopback.index, { up: true });
  changeLink(inside, link.index, { up: true });
  return link;
}

function attachPair(netlink: Netlink, inside: Netlink, tag: string, nic: NicSpec, namespace: NetworkNamespace): void {
  if (nic.fixedHostName && findLink(netlink, nic.hostName))
    throw new HostError(`a link ${nic.hostName} exists on the host already`, { errno: 'EEXIST' });
  const mtu = nic.mtu || 1500;
  createVethPair(netlink, { name: nic.hostName, mtu }, { ...nic, mtu }, namespace.fd);
  const host = findLink(netlink, nic.hostName);
  if (!host) throw new HostError(`link ${nic.hostName} vanished right after it was made`);
  changeLink(netlink, host.index, { alias: markText(tag, { kind: 'nic', guest: nic.guest, nic: nic.name }) });
  try {
    changeLink(netlink, host.index, { up: true });
    const link = bringUp(inside, nic.name);
    if (nic.kind === 'routed') route(netlink, inside, nic, { host, link });
  } catch (error) {
    deleteLink(host).catch(() => {});
    throw error;
  }
}

/** Addresses inside, routes to them outside, and the parent's network is told that the host takes their traffic. */
function route(netlink: Netlink, inside: Netlink, nic: NicSpec, { host, link }: { host: Link; link: Link }): void {
  const addresses = routedAddresses(nic);
  const parent = nic.link === '' ? undefined : parentOf(netlink, nic);
  for (const family of ['inet', 'inet6'] as const) {
    const own = addresses.filter((ip) => ip.family === family);
    const gateway = parseIp(gateways[family]);
    if (own.length === 0 || !gateway) continue;
    forward(family, host.name, parent?.name);
    const length = family === 'inet' ? 32 : 128;
    addAddress(netlink, host.index, gateway, length);
    for (const ip of own) {
      addLinkRoute(netlink, host.index, ip);
      addAddress(inside, link.index, ip, length);
      if (parent) answerForNeighbour(netlink, parent.index, ip, true);
    }
    addLinkRoute(inside, link.index, gateway);
    addDefaultRoute(inside, link.index, gateway);
  }
}

export function routedAddresses(nic: NicSpec): Ip[] {
  return (nic.addresses ?? []).flatMap((text) => parseIp(text) ?? []);
}

function forward(family: 'inet' | 'inet6', link: string, parent: string | undefined): void {
  const version = family === 'inet' ? 'ipv4' : 'ipv6';
  const set = (path: string, value: string) => {
    const file = `/proc/sys/net/${version}/conf/${path}`;
    if (existsSync(file)) writeFileSync(file, value);
  };
  set(`${link}/forwarding`, '1');
  if (family === 'inet') {
    // What has no way back through this card was not sent from an address of it.
    set(`${link}/rp_filter`, '1');
    set(`${link}/proxy_arp`, '1');
  } else set('all/forwarding', '1');
  if (parent) set(`${parent}/forwarding`, '1');
  if (parent && family === 'inet6') set(`${parent}/proxy_ndp`, '1');
}

/** Takes back what the parent's network was told of a routed card. */
export function withdraw(nic: NicSpec): void {
  using netlink = openNetlink();
  const parent = nic.link === '' ? undefined : findLink(netlink, nic.link);
  if (!parent) return;
  for (const ip of routedAddresses(nic)) answerForNeighbour(netlink, parent.index, ip, false);
}

/** A card that is in the guest alone is deleted from there. */
export function deleteInside(nic: NicSpec, pid: number): void {
  using namespace = openNetworkNamespace(pid);
  using inside = inNetworkNamespace(namespace, () => openNetlink());
  const link = findLink(inside, nic.name);
  if (link && link.kind === nic.kind) deleteLinkNow(inside, link);
}
