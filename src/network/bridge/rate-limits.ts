/** Rate limits of a NIC: a token bucket on its host side, and one behind an ifb link for what the guest sends. */
import { createHash } from 'node:crypto';
import type { NicSpec } from '../../core/ports/network.ts';
import { changeLink, createIfb } from '../../host/link-changes.ts';
import { findLink } from '../../host/links.ts';
import type { Netlink } from '../../host/netlink.ts';
import { run } from '../../host/run.ts';
import { markText } from './mark.ts';

/** Does nothing without limits, so that ordinary launches spawn no program here. */
export async function limitRates(netlink: Netlink, tag: string, nic: NicSpec): Promise<void> {
  const { ingressBits, egressBits } = nic.limits;
  const lines: string[] = [];
  // What enters the guest leaves the host side link.
  if (ingressBits) lines.push(`qdisc replace dev ${nic.hostName} root ${bucket(ingressBits)}`);
  if (egressBits) {
    const shaper = shaperName(nic.hostName);
    createIfb(netlink, { name: shaper, mtu: nic.mtu });
    const link = findLink(netlink, shaper);
    if (link)
      changeLink(netlink, link.index, { alias: markText(tag, { kind: 'shaper', hostName: nic.hostName }), up: true });
    lines.push(
      `qdisc add dev ${shaper} root ${bucket(egressBits)}`,
      `qdisc add dev ${nic.hostName} handle ffff: ingress`,
      `filter add dev ${nic.hostName} parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev ${shaper}`,
    );
  }
  if (lines.length > 0) await run('tc', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Link names have 15 characters at most, and a host name may use them all. */
function shaperName(hostName: string): string {
  return `gi${createHash('sha256').update(hostName).digest('hex').slice(0, 12)}`;
}

/** The bucket holds 10 ms of traffic, and at least one of the large packets that TCP hands down. */
function bucket(bitsPerSecond: number): string {
  const burstBytes = Math.max(65536, Math.ceil(bitsPerSecond / 8 / 100));
  return `tbf rate ${bitsPerSecond}bit burst ${burstBytes}b latency 50ms`;
}
