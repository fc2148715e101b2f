/** All links of the host with their addresses and counters, in the words of the port. */
import type { LinkState } from '../../core/ports/network.ts';
import { type Link, type LinkAddress, listAddresses, listLinks } from '../../host/links.ts';
import { openNetlink } from '../../host/netlink.ts';
import { formatIp } from '../../lib/ip.ts';
import { bridgeState } from './bridge-state.ts';

export function hostLinks(): LinkState[] {
  using netlink = openNetlink();
  const addresses = Map.groupBy(listAddresses(netlink), ({ index }) => index);
  return listLinks(netlink).map((link) => {
    const bridge = link.kind === 'bridge' ? bridgeState(link.name) : undefined;
    return {
      name: link.name,
      hwaddr: link.hwaddr,
      mtu: link.mtu,
      up: link.up,
      type: typeOf(link),
      addresses: (addresses.get(link.index) ?? []).map(shown),
      counters: link.counters,
      ...(bridge ? { bridge } : {}),
    };
  });
}

function typeOf(link: Link): LinkState['type'] {
  if (link.loopback) return 'loopback';
  if (link.kind === 'bridge') return 'bridge';
  return link.ethernet && link.kind === undefined ? 'physical' : 'other';
}

function shown({ ip, prefix, scope }: LinkAddress): LinkState['addresses'][number] {
  return { family: ip.family, address: formatIp(ip), prefix, scope };
}
