/** Checking and completing the config of a managed bridge: `auto` becomes a concrete free subnet (Q: no clash by construction). */
import { networkKeys } from '../../api/config-keys/network.ts';
import { fail } from '../../api/errors.ts';
import { formatIp, formatPrefix, isHostAddress, overlaps, type Prefix, parseIp, parsePrefix } from '../../lib/ip.ts';
import type { House } from '../house.ts';
import { configError, splitList } from '../instances/config.ts';
import { networkCards } from '../instances/devices.ts';
import { expand } from '../instances/expand.ts';
import { allInstances } from '../instances/find.ts';
import { type ConfigMap, keys, type NetworkDoc } from '../model.ts';

type Needs = Pick<House, 'documents' | 'devices' | 'networks'>;

export async function completeNetworkConfig(house: Needs, name: string, given: ConfigMap): Promise<ConfigMap> {
  const reason = configError(networkKeys, given);
  if (reason) fail('network.config', { reason });
  const others = otherSubnets(house, name);
  const config = { 'ipv4.address': 'auto', 'ipv6.address': 'auto', ...given };
  if (config['ipv4.address'] === 'auto' || config['ipv6.address'] === 'auto') {
    const free = await house.networks.freeSubnets([...others.keys()]);
    if (config['ipv4.address'] === 'auto') config['ipv4.address'] = gatewayOf(free.ipv4);
    if (config['ipv6.address'] === 'auto') config['ipv6.address'] = gatewayOf(free.ipv6);
  }
  for (const [key, family, longest] of [
    ['ipv4.address', 'inet', 30],
    ['ipv6.address', 'inet6', 64],
  ] as const)
    checkAddress(config[key], key, family, longest, others);
  checkDns(config);
  for (const acl of splitList(given['security.acls']))
    if (!house.documents.get(keys.acl(acl))) fail('network.config', { reason: `there is no network ACL "${acl}"` });
  for (const [key, value] of Object.entries<string | undefined>(config)) {
    if (key !== 'raw.dnsmasq' && /[\n\r]/.test(value ?? ''))
      fail('network.config', { reason: `${key}: it has a line break in it` });
  }
  return config;
}

function checkDns(config: ConfigMap): void {
  const domain = config['dns.domain'];
  const label = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
  if (domain !== undefined && (domain.length > 253 || !new RegExp(`^${label}(\\.${label})*$`).test(domain)))
    fail('network.config', { reason: `dns.domain: "${domain}" is not a domain` });
  for (const server of splitList(config['dns.nameservers']))
    if (!parseIp(server)) fail('network.config', { reason: `dns.nameservers: "${server}" is not an address` });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  if (/[\0-\x08\x0b-\x1f]/.test(config['raw.dnsmasq'] ?? ''))
    fail('network.config', { reason: 'raw.dnsmasq: it has a control character in it' });
}

/** First address of a subnet, with its prefix length. */
function gatewayOf(subnet: string): string {
  const prefix = parsePrefix(subnet);
  if (!prefix) return fail('network.config', { reason: `${subnet} is not a subnet` });
  return `${formatIp({ family: prefix.family, value: prefix.value + 1n })}/${prefix.length}`;
}

function otherSubnets(house: Needs, except: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const doc of house.documents.list<NetworkDoc>('networks/')) {
    if (doc.name === except) continue;
    for (const key of ['ipv4.address', 'ipv6.address']) {
      const prefix = parsePrefix(doc.config[key] ?? '');
      if (prefix) found.set(formatPrefix(prefix), doc.name);
    }
  }
  return found;
}

function checkAddress(
  value: string | undefined,
  key: string,
  family: Prefix['family'],
  longest: number,
  others: Map<string, string>,
): void {
  if (value === undefined || value === 'none') return;
  const refuse = (reason: string) => fail('network.config', { reason: `${key}: ${reason}` });
  const prefix = parsePrefix(value);
  const ip = parseIp(value.split('/')[0] ?? '');
  if (!prefix || !ip || prefix.family !== family) {
    refuse(`"${value}" is not an address with a prefix length, auto or none`);
    return;
  }
  if (prefix.length > longest || prefix.length < 8)
    refuse(`the prefix length ${prefix.length} is not between 8 and ${longest}`);
  const last = prefix.value + (1n << BigInt(32 - Math.min(prefix.length, 32))) - 1n;
  if (family === 'inet' && (ip.value === prefix.value || ip.value === last))
    refuse(`${value} is the first or last address of its subnet; a host needs one between them`);
  for (const [subnet, owner] of others) {
    const other = parsePrefix(subnet);
    if (other && overlaps(prefix, other))
      fail('network.overlap', { subnet: formatPrefix(prefix), other: `${subnet} of the network ${owner}` });
  }
}

/** Refuses a new subnet in which guests with fixed addresses would not fit; all others get a new address when they start. */
export function checkFixedAddresses(house: Needs, network: NetworkDoc): void {
  for (const doc of allInstances(house))
    for (const card of networkCards(house, expand(house, doc).devices)) {
      if (card.network !== network.name) continue;
      for (const key of ['ipv4.address', 'ipv6.address']) {
        const ip = parseIp(card.config[key] ?? '');
        const own = network.config[key] ?? 'none';
        const subnet = parsePrefix(own);
        if (ip && own.split('/')[0] === card.config[key])
          fail('network.address-taken', { address: formatIp(ip), owner: doc.name });
        if (ip && !(subnet && isHostAddress(subnet, ip)))
          fail('network.config', {
            reason: `${key}: ${doc.name} has the fixed address ${formatIp(ip)}, not in ${own}`,
          });
      }
    }
}
