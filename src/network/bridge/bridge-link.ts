/** The bridge of a network on the host: the link, its addresses, and the kernel switches that routing needs. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { NetworkSpec } from '../../core/ports/network.ts';
import { addAddress, changeLink, createBridge, removeAddress } from '../../host/link-changes.ts';
import { findLink, type Link, listAddresses } from '../../host/links.ts';
import type { Netlink } from '../../host/netlink.ts';
import { HostError } from '../../lib/host-error.ts';
import { formatIp, type Ip, linkLocalOf, parseIp } from '../../lib/ip.ts';
import { markText } from './mark.ts';

/** Makes the bridge what the spec says; a bridge that is right already is not touched. */
export function ensureBridge(netlink: Netlink, tag: string, spec: NetworkSpec): Link {
  const alias = markText(tag, { kind: 'network', network: spec.name });
  const hwaddr = bridgeMac(tag, spec.name);
  let link = findLink(netlink, spec.link);
  if (link) assertOurs(link, alias, hwaddr);
  else createBridge(netlink, { name: spec.link, hwaddr, mtu: spec.mtu });
  link ??= existing(netlink, spec.link);
  if (link.alias !== alias) changeLink(netlink, link.index, { alias });
  if (link.mtu !== spec.mtu) changeLink(netlink, link.index, { mtu: spec.mtu });
  if (link.hwaddr !== hwaddr) changeLink(netlink, link.index, { hwaddr });
  setSwitches(spec);
  if (!link.up) changeLink(netlink, link.index, { up: true });
  ensureAddresses(netlink, link.index, spec, hwaddr);
  if (spec.ipv4) setSwitch('net/ipv4/ip_forward', '1');
  if (spec.ipv6) forwardIpv6(spec.link);
  return link;
}

/** Fixed, or it would change with every guest that comes and goes, and the guests' ARP entries with it. */
function bridgeMac(tag: string, network: string): string {
  const hash = createHash('sha256').update(`${tag}\0${network}`).digest('hex');
  return `02:${hash.slice(0, 10).replace(/..(?=.)/g, '$&:')}`;
}

/** A bridge without mark but with our MAC is one of ours whose making was interrupted. */
function assertOurs(link: Link, alias: string, hwaddr: string): void {
  const ours = link.alias === alias || (link.alias === undefined && link.hwaddr === hwaddr);
  if (link.kind === 'bridge' && ours) return;
  throw new HostError(`link ${link.name} exists already and does not belong to this network`, {
    help: 'choose another name for the bridge, or remove that link',
  });
}

function existing(netlink: Netlink, name: string): Link {
  const link = findLink(netlink, name);
  if (!link) throw new HostError(`link ${name} vanished right after it was made`);
  return link;
}

function ensureAddresses(netlink: Netlink, index: number, spec: NetworkSpec, hwaddr: string): void {
  const wanted: { ip: Ip; prefix: number }[] = [spec.ipv4, spec.ipv6].flatMap((network) => {
    const ip = network && parseIp(network.address);
    return ip ? [{ ip, prefix: network.prefix }] : [];
  });
  // A bridge without guests has no carrier and would get no link-local address, which router advertisements need.
  if (spec.ipv6) wanted.push({ ip: linkLocalOf(hwaddr), prefix: 64 });
  const key = ({ ip, prefix }: { ip: Ip; prefix: number }) => `${formatIp(ip)}/${prefix}`;
  const present = listAddresses(netlink).filter((address) => address.index === index);
  const [wantedKeys, presentKeys] = [new Set(wanted.map(key)), new Set(present.map(key))];
  for (const address of present)
    if (address.scope === 'global' && !wantedKeys.has(key(address)))
      removeAddress(netlink, index, address.ip, address.prefix);
  for (const address of wanted)
    if (!presentKeys.has(key(address))) addAddress(netlink, index, address.ip, address.prefix);
}

/** The bridge is a router's leg: it believes nobody's advertisements and redirects. */
function setSwitches(spec: NetworkSpec): void {
  for (const name of ['accept_redirects', 'send_redirects']) setSwitch(`net/ipv4/conf/${spec.link}/${name}`, '0');
  if (!existsSync('/proc/sys/net/ipv6')) return;
  setSwitch(`net/ipv6/conf/${spec.link}/disable_ipv6`, spec.ipv6 ? '0' : '1');
  for (const name of ['accept_ra', 'accept_redirects', 'accept_dad', 'autoconf'])
    setSwitch(`net/ipv6/conf/${spec.link}/${name}`, '0');
}

/**
 * Linux forwards IPv6 for all links or none, and then stops listening to router advertisements (accept_ra 1), from which
 * the host may have its own address and route: value 2 keeps them.
 */
function forwardIpv6(ownLink: string): void {
  const folder = '/proc/sys/net/ipv6/conf';
  if (!existsSync(folder)) throw new HostError('this kernel has no IPv6', { help: 'create the network without IPv6' });
  if (readFileSync(`${folder}/all/forwarding`, 'latin1').trim() === '1') return;
  for (const link of readdirSync(folder)) {
    if (link === 'all' || link === 'default' || link === 'lo' || link === ownLink) continue;
    if (readFileSync(`${folder}/${link}/accept_ra`, 'latin1').trim() === '1')
      setSwitch(`net/ipv6/conf/${link}/accept_ra`, '2');
  }
  setSwitch('net/ipv6/conf/all/forwarding', '1');
}

/** Writes only what differs: writing ip_forward resets other switches. */
function setSwitch(name: string, value: string): void {
  const path = `/proc/sys/${name}`;
  if (readFileSync(path, 'latin1').trim() === value) return;
  try {
    writeFileSync(path, value);
  } catch (cause) {
    throw new HostError(`cannot set ${name} to ${value}: ${(cause as Error).message}`, { cause });
  }
}
