/**
 * Links of the host that are lent to guests (`physical`), and given back under their own name. While it is lent, a link
 * carries in its alias what it was before: when a guest ends with nobody there, the kernel returns hardware by itself.
 */
import type { NicSpec } from '../../core/ports/network.ts';
import { changeLink } from '../../host/link-changes.ts';
import { findLink, type Link, listLinks } from '../../host/links.ts';
import { type Netlink, openNetlink } from '../../host/netlink.ts';
import {
  inNetworkNamespace,
  type NetworkNamespace,
  openNetworkNamespace,
  openOwnNetworkNamespace,
} from '../../host/netns.ts';
import { HostError } from '../../lib/host-error.ts';
import { markText, parseMark } from './mark.ts';

/** The link changes namespace and name in one step; its alias says what it was called. */
export function lend(netlink: Netlink, inside: Netlink, tag: string, nic: NicSpec, namespace: NetworkNamespace): void {
  const link = findLink(netlink, nic.link);
  if (!link) throw new HostError(`Parent device "${nic.link}" doesn't exist`, { errno: 'ENODEV' });
  if (link.loopback || link.kind === 'bridge') throw new HostError(`the link ${nic.link} cannot be given to a guest`);
  if (link.alias) throw new HostError(`the link ${nic.link} has an alias: it belongs to somebody`, { errno: 'EBUSY' });
  const alias = markText(tag, { kind: 'physical', hostName: nic.link, hwaddr: link.hwaddr, mtu: link.mtu });
  changeLink(netlink, link.index, { up: false, alias });
  try {
    changeLink(netlink, link.index, { namespaceFd: namespace.fd, name: nic.name });
  } catch (error) {
    changeLink(netlink, link.index, { alias: '', up: link.up });
    throw error;
  }
  const moved = findLink(inside, nic.name);
  if (moved && (nic.hwaddr || nic.mtu))
    changeLink(inside, moved.index, {
      ...(nic.hwaddr ? { hwaddr: nic.hwaddr } : {}),
      ...(nic.mtu ? { mtu: nic.mtu } : {}),
    });
  if (moved) changeLink(inside, moved.index, { up: true });
}

export type LentLinks = Disposable & {
  /** Keeps the guest's namespace, so that the link does not end with the guest. */
  hold(nic: NicSpec, pid: number): void;
  /** `pid`: init of the guest, when it still runs. */
  giveBack(nic: NicSpec, pid?: number): void;
};

export function createLentLinks(tag: string): LentLinks {
  const held = new Map<string, NetworkNamespace>();
  const drop = (hostName: string) => {
    held.get(hostName)?.[Symbol.dispose]();
    held.delete(hostName);
  };
  return {
    hold(nic, pid) {
      drop(nic.hostName);
      held.set(nic.hostName, openNetworkNamespace(pid));
    },
    giveBack(nic, pid) {
      if (!held.has(nic.hostName) && pid !== undefined) held.set(nic.hostName, openNetworkNamespace(pid));
      const namespace = held.get(nic.hostName);
      try {
        if (namespace) moveBack(tag, nic, namespace);
        restoreHere(tag, nic);
      } finally {
        drop(nic.hostName);
      }
    },
    [Symbol.dispose]() {
      for (const hostName of [...held.keys()]) drop(hostName);
    },
  };
}

function lentAs(tag: string, link: Link, nic: NicSpec) {
  const mark = parseMark(tag, link.alias);
  return mark?.kind === 'physical' && mark.hostName === nic.link ? mark : undefined;
}

function moveBack(tag: string, nic: NicSpec, namespace: NetworkNamespace): void {
  using inside = inNetworkNamespace(namespace, () => openNetlink());
  using own = openOwnNetworkNamespace();
  for (const link of listLinks(inside)) {
    if (!lentAs(tag, link, nic)) continue;
    changeLink(inside, link.index, { up: false });
    changeLink(inside, link.index, { namespaceFd: own.fd, name: nic.link });
  }
}

/** The kernel gives hardware back under the name that it had in the guest. */
function restoreHere(tag: string, nic: NicSpec): void {
  using netlink = openNetlink();
  for (const link of listLinks(netlink)) {
    const mark = lentAs(tag, link, nic);
    if (!mark) continue;
    const name = link.name === mark.hostName || findLink(netlink, mark.hostName) ? {} : { name: mark.hostName };
    changeLink(netlink, link.index, { up: false });
    changeLink(netlink, link.index, { hwaddr: mark.hwaddr, mtu: mark.mtu, alias: '', ...name });
  }
}
