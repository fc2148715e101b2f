/** A guest's network card: a veth pair between our bridge and the guest's network namespace. */
import type { NicSpec } from '../../core/ports/network.ts';
import {
  addAddress,
  addDefaultRoute,
  changeLink,
  createVethPair,
  deleteLink,
  withoutLinkLocal,
} from '../../host/link-changes.ts';
import { findLink, type Link } from '../../host/links.ts';
import { type Netlink, openNetlink } from '../../host/netlink.ts';
import { inNetworkNamespace, openNetworkNamespace } from '../../host/netns.ts';
import { HostError } from '../../lib/host-error.ts';
import { parseIp } from '../../lib/ip.ts';
import { markText } from './mark.ts';

/**
 * Makes the pair and brings both ends up. The inner end is created in the guest under its final name; it has its
 * addresses and routes before the guest's own init runs (A20).
 */
export function attachLink(netlink: Netlink, tag: string, nic: NicSpec, pid: number, ipv6: boolean): Link {
  const bridge = findLink(netlink, nic.link);
  if (!bridge) throw new HostError(`network ${nic.network}: its bridge ${nic.link} does not exist`);
  using namespace = openNetworkNamespace(pid);
  createVethPair(netlink, { name: nic.hostName, mtu: nic.mtu }, nic, namespace.fd);
  const host = findLink(netlink, nic.hostName);
  if (!host) throw new HostError(`link ${nic.hostName} vanished right after it was made`);
  changeLink(netlink, host.index, { alias: markText(tag, { kind: 'nic', guest: nic.guest, nic: nic.name }) });
  try {
    if (ipv6) withoutLinkLocal(netlink, host.index);
    changeLink(netlink, host.index, { master: bridge.index, up: true });
    using inside = inNetworkNamespace(namespace, () => openNetlink());
    configureInside(inside, nic);
    return host;
  } catch (error) {
    // Nobody waits for this one: what failed is what the caller hears of, and the guest's end takes the pair with it.
    deleteLink(host).catch(() => {});
    throw error;
  }
}

function configureInside(inside: Netlink, nic: NicSpec): void {
  const link = findLink(inside, nic.name);
  const loopback = findLink(inside, 'lo');
  if (!link) throw new HostError(`link ${nic.name} is not in the guest's network namespace`);
  if (loopback && !loopback.up) changeLink(inside, loopback.index, { up: true });
  changeLink(inside, link.index, { up: true });
  if (nic.isPassage) return;
  for (const network of [nic.ipv4, nic.ipv6]) {
    const address = network && parseIp(network.address);
    const gateway = network && parseIp(network.gateway);
    if (!address || !gateway) continue;
    addAddress(inside, link.index, address, network.prefix);
    addDefaultRouteOnce(inside, link.index, gateway);
  }
}

/** The guest's first NIC has the default route; further ones only their own network. */
function addDefaultRouteOnce(inside: Netlink, index: number, gateway: NonNullable<ReturnType<typeof parseIp>>): void {
  try {
    addDefaultRoute(inside, index, gateway);
  } catch (error) {
    if (!(error instanceof HostError && error.errno === 'EEXIST')) throw error;
  }
}
