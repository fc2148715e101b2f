/** Access lists: what is refused, who uses them, and what the network port gets. */

import { isTrue } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import type { LooseRule } from '../../api/resources/network-acls.ts';
import { parseIp, parsePrefix } from '../../lib/ip.ts';
import { parsePorts } from '../../lib/port-list.ts';
import type { House } from '../house.ts';
import { splitList } from '../instances/config.ts';
import { type AclDoc, type AclRuleDoc, keys, type NetworkDoc } from '../model.ts';
import type { AclRule, AclSpec } from '../ports/network.ts';

type Needs = Pick<House, 'documents'>;

export const listsOf = (network: Pick<NetworkDoc, 'config'>): string[] => splitList(network.config['security.acls']);

export const usersOf = (house: Needs, acl: string): NetworkDoc[] =>
  house.documents.list<NetworkDoc>('networks/').filter((network) => listsOf(network).includes(acl));

export function plainRules(rules: readonly LooseRule[] | null | undefined): AclRuleDoc[] {
  return (rules ?? []).map((rule) => {
    const filled = Object.entries(rule).filter(([, value]) => value !== '' && value !== undefined);
    return { state: 'enabled', ...Object.fromEntries(filled) } as AclRuleDoc;
  });
}

const protocols = ['tcp', 'udp', 'icmp4', 'icmp6'];
const values = { action: ['allow', 'drop', 'reject'], state: ['enabled', 'disabled', 'logged'] } as const;

export function checkRules(direction: 'ingress' | 'egress', rules: readonly AclRuleDoc[]): void {
  const seen = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    const refuse = (reason: string) => fail('network.acl', { reason: `Invalid ${direction} rule ${index}: ${reason}` });
    const text = JSON.stringify(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (seen.has(text)) refuse('Duplicate of another rule');
    seen.add(text);
    for (const key of ['action', 'state'] as const)
      if (!values[key].some((value) => value === rule[key]))
        refuse(`${key[0]?.toUpperCase()}${key.slice(1)} must be one of: ${values[key].join(', ')}`);
    if (rule.protocol !== undefined && !protocols.includes(rule.protocol))
      refuse(`Protocol must be one of: ${protocols.join(', ')}`);
    for (const key of ['source', 'destination'] as const)
      for (const subject of splitList(rule[key]))
        if (!isAddress(subject)) refuse(`Invalid ${key} "${subject}": an address, a subnet or a range is needed`);
    const hasPorts = rule.protocol === 'tcp' || rule.protocol === 'udp';
    for (const key of ['source_port', 'destination_port'] as const) {
      const text = rule[key];
      if (text === undefined) continue;
      if (!hasPorts) refuse('Ports need the protocol tcp or udp');
      if (!parsePorts(text)) refuse(`Invalid ${key.replace('_', ' ')} "${text}"`);
    }
    const isIcmp = rule.protocol === 'icmp4' || rule.protocol === 'icmp6';
    for (const key of ['icmp_type', 'icmp_code'] as const) {
      const text = rule[key];
      if (text === undefined) continue;
      if (!isIcmp) refuse('ICMP type and code need the protocol icmp4 or icmp6');
      if (!/^\d{1,3}$/.test(text) || Number(text) > 255) refuse(`${key}: "${text}" is not a number from 0 to 255`);
    }
  }
}

function isAddress(text: string): boolean {
  if (parsePrefix(text)) return true;
  const ends = text.split('-').map(parseIp);
  const [from, to = from] = ends;
  return ends.length <= 2 && !!from && !!to && from.family === to.family && from.value <= to.value;
}

/** Undefined: the network names no list. A list that has gone counts as empty. */
export function aclSpec(house: Needs, network: NetworkDoc): AclSpec | undefined {
  const lists = listsOf(network).flatMap((name) => house.documents.get<AclDoc>(keys.acl(name)) ?? []);
  if (lists.length === 0) return undefined;
  const enabled = (direction: 'ingress' | 'egress') =>
    lists.flatMap((acl) => acl[direction].filter((rule) => rule.state !== 'disabled').map(ruleSpec));
  const otherwise = (direction: 'ingress' | 'egress') => {
    const key = `security.acls.default.${direction}`;
    const action = network.config[`${key}.action`] ?? 'reject';
    const logged = network.config[`${key}.logged`];
    return { action: action as AclRule['action'], logged: logged !== undefined && isTrue(logged) };
  };
  return {
    ingress: enabled('ingress'),
    egress: enabled('egress'),
    otherwise: { ingress: otherwise('ingress'), egress: otherwise('egress') },
  };
}

function ruleSpec(rule: AclRuleDoc): AclRule {
  return {
    action: rule.action as AclRule['action'],
    sources: splitList(rule.source),
    destinations: splitList(rule.destination),
    protocol: (rule.protocol ?? '') as AclRule['protocol'],
    sourcePorts: parsePorts(rule.source_port ?? '') ?? [],
    destinationPorts: parsePorts(rule.destination_port ?? '') ?? [],
    ...(rule.icmp_type === undefined ? {} : { icmpType: Number(rule.icmp_type) }),
    ...(rule.icmp_code === undefined ? {} : { icmpCode: Number(rule.icmp_code) }),
    logged: rule.state === 'logged',
  };
}
