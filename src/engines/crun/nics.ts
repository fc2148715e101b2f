/** The network cards of a guest as it sees them, asked of the kernel inside its network namespace. Spawns nothing. */
import { readFileSync } from 'node:fs';
import type { NicUsage } from '../../core/ports/engine.ts';
import { listAddresses, listLinks } from '../../host/links.ts';
import { openNetlink } from '../../host/netlink.ts';
import { inNetworkNamespace, openNetworkNamespace } from '../../host/netns.ts';
import { formatIp } from '../../lib/ip.ts';

export function readNics(pid: number): NicUsage[] {
  using namespace = openNetworkNamespace(pid);
  // The socket is opened inside and stays there; all the asking is done from outside.
  using netlink = inNetworkNamespace(namespace, () => openNetlink());
  const addresses = listAddresses(netlink);
  const counters = parseCounters(readFileSync(`/proc/${pid}/net/dev`, 'latin1'));
  return listLinks(netlink).map((link) => ({
    name: link.name,
    hwaddr: link.hwaddr,
    mtu: link.mtu,
    up: link.up,
    addresses: addresses
      .filter(({ index }) => index === link.index)
      .map(({ ip, prefix, scope }) => ({
        family: ip.family,
        address: formatIp(ip),
        prefix,
        scope: scopeOf(link.loopback, scope),
      })),
    counters: counters.get(link.name) ?? noCounters,
  }));
}

/** The kernel gives IPv6 ::1 and IPv4 127.0.0.1 the scope "host", which is what `local` means here. */
function scopeOf(loopback: boolean, scope: 'global' | 'link' | 'local') {
  return loopback ? 'local' : scope;
}

const noCounters: NicUsage['counters'] = {
  bytesReceived: 0,
  bytesSent: 0,
  packetsReceived: 0,
  packetsSent: 0,
  errorsReceived: 0,
  errorsSent: 0,
  droppedReceived: 0,
  droppedSent: 0,
};

/** /proc/PID/net/dev: eight columns received, eight sent. */
function parseCounters(text: string): Map<string, NicUsage['counters']> {
  const rows = text.split('\n').flatMap((line): [string, NicUsage['counters']][] => {
    const [, name, columns] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || columns === undefined) return [];
    const n = columns.trim().split(/\s+/).map(Number);
    const at = (index: number) => n[index] ?? 0;
    const counters = {
      bytesReceived: at(0),
      packetsReceived: at(1),
      errorsReceived: at(2),
      droppedReceived: at(3),
      bytesSent: at(8),
      packetsSent: at(9),
      errorsSent: at(10),
      droppedSent: at(11),
    };
    return [[name, counters]];
  });
  return new Map(rows);
}
