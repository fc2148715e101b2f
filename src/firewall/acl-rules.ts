/**
 * Rules of access lists on one network: two chains, for what goes to its guests and for what comes from them. Forbidding
 * rules are asked first, as Incus does. Pure text.
 */
import type { AclRule, AclSpec } from '../core/ports/network.ts';
import { formatIp, formatPrefix, parseIp, parsePrefix } from '../lib/ip.ts';
import { formatPorts } from '../lib/port-list.ts';

type Direction = 'ingress' | 'egress';
type Family = 'inet' | 'inet6';

const order: readonly AclRule['action'][] = ['drop', 'reject', 'allow'];

/** A chain's name has the link in it, with its characters that nft does not take written as numbers. */
export const aclChain = (link: string, direction: Direction): string =>
  `${direction}_${link.replace(/[^A-Za-z0-9]/g, (c) => `_${c.charCodeAt(0).toString(16)}_`)}`;

export function aclChains(link: string, acl: AclSpec): string {
  return (['ingress', 'egress'] as const).map((direction) => chain(link, acl, direction)).join('\n');
}

function chain(link: string, acl: AclSpec, direction: Direction): string {
  const rules = order.flatMap((action) => acl[direction].filter((rule) => rule.action === action));
  const { action, logged } = acl.otherwise[direction];
  const lines = [
    // Addresses and neighbours are no matter of access: without them there is no network.
    'meta l4proto udp th sport { 67, 547 } th dport { 68, 546 } return',
    'meta l4proto udp th sport { 68, 546 } th dport { 67, 547 } return',
    'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } return',
    ...rules.flatMap((rule) => ruleLines(rule, direction, link)),
    `${logged ? logText(link, direction) : ''}${verdict(action, direction)}`,
  ];
  return ` chain ${aclChain(link, direction)} {\n${lines.map((line) => `  ${line}`).join('\n')}\n }`;
}

/** Coming in, what is allowed is accepted for good; going out, it may still be refused where it arrives. */
function verdict(action: AclRule['action'], direction: Direction): string {
  if (action === 'allow') return direction === 'ingress' ? 'accept' : 'return';
  return action;
}

const logText = (link: string, direction: Direction) => `log prefix "gasthof ${link} ${direction}: " `;

function ruleLines(rule: AclRule, direction: Direction, link: string): string[] {
  const families = familiesOf(rule);
  return families.map((family) =>
    [
      addressMatch(family, 'saddr', rule.sources),
      addressMatch(family, 'daddr', rule.destinations),
      protocolMatch(rule),
      `${rule.logged ? logText(link, direction) : ''}${verdict(rule.action, direction)}`,
    ]
      .filter((part) => part !== '')
      .join(' '),
  );
}

/** One line per family that its addresses speak; undefined: of any family. */
function familiesOf({ sources, destinations, protocol }: AclRule): (Family | undefined)[] {
  const lists = [sources, destinations].filter((list) => list.length > 0);
  if (lists.length === 0) return [undefined];
  const forced: Record<string, Family> = { icmp4: 'inet', icmp6: 'inet6' };
  return (['inet', 'inet6'] as const).filter(
    (family) =>
      lists.every((list) => list.some((address) => familyOf(address) === family)) &&
      (forced[protocol] === undefined || forced[protocol] === family),
  );
}

function addressMatch(family: Family | undefined, field: 'saddr' | 'daddr', addresses: readonly string[]): string {
  const own = addresses.filter((address) => familyOf(address) === family);
  if (family === undefined || own.length === 0) return '';
  return `${family === 'inet' ? 'ip' : 'ip6'} ${field} { ${own.map(checked).join(', ')} }`;
}

function protocolMatch({ protocol, sourcePorts, destinationPorts, icmpType, icmpCode }: AclRule): string {
  if (protocol === 'icmp4' || protocol === 'icmp6') {
    const name = protocol === 'icmp4' ? 'icmp' : 'icmpv6';
    const type = icmpType === undefined ? '' : `${name} type ${icmpType}`;
    const code = icmpCode === undefined ? '' : `${name} code ${icmpCode}`;
    return [type, code].filter(Boolean).join(' ') || `meta l4proto ${protocol === 'icmp4' ? 'icmp' : 'ipv6-icmp'}`;
  }
  if (protocol === '') return '';
  const ports = [
    sourcePorts.length > 0 ? `${protocol} sport { ${formatPorts(sourcePorts)} }` : '',
    destinationPorts.length > 0 ? `${protocol} dport { ${formatPorts(destinationPorts)} }` : '',
  ].filter(Boolean);
  return ports.length > 0 ? ports.join(' ') : `meta l4proto ${protocol}`;
}

const ends = (address: string) => address.split('-');
const familyOf = (address: string): Family | undefined =>
  (parseIp(ends(address)[0] ?? '') ?? parsePrefix(address))?.family;

/** An address, a subnet or a range, written anew: no other text comes into the rules. */
function checked(address: string): string {
  const prefix = parsePrefix(address);
  if (prefix) return formatPrefix(prefix);
  const ips = ends(address).map(parseIp);
  return ips
    .map((ip) => {
      if (!ip) throw new RangeError(`not an address: ${address}`);
      return formatIp(ip);
    })
    .join('-');
}
