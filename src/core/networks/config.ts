/** Checking and completing the config of a managed bridge: `auto` becomes a concrete free subnet (Q: no clash by construction). */
import { networkKeys } from '../../api/config-keys/network.ts';
import { fail } from '../../api/errors.ts';
import { contains, formatIp, formatPrefix, overlaps, type Prefix, parseIp, parsePrefix } from '../../lib/ip.ts';
import type { House } from '../house.ts';
import { configError } from '../instances/config.ts';
import type { ConfigMap, NetworkDoc } from '../model.ts';
import { takenAddresses } from './nics.ts';

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
  const mtu = Number(config['bridge.mtu' as keyof typeof config] ?? 1500);
  if (mtu < 1280 || mtu > 65535) fail('network.config', { reason: `bridge.mtu: ${mtu} is not between 1280 and 65535` });
  for (const [key, value] of Object.entries<string | undefined>(config)) {
    if (key !== 'raw.dnsmasq' && /[\n\r]/.test(value ?? ''))
      fail('network.config', { reason: `${key}: it has a line break in it` });
  }
  return config;
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

/** Refuses a new subnet in which instances with fixed addresses would not fit. */
export function checkFixedAddresses(house: Needs, name: string, config: ConfigMap): void {
  const prefix = parsePrefix(config['ipv4.address'] ?? '');
  for (const [address, owner] of takenAddresses(house, name)) {
    const ip = parseIp(address);
    if (prefix && ip && address === config['ipv4.address']?.split('/')[0])
      fail('network.address-taken', { address, owner });
    if (ip && !(prefix && contains(prefix, ip)))
      fail('network.config', {
        reason: `${owner} has the address ${address}, which is outside ${prefix ? formatPrefix(prefix) : 'of it'}`,
      });
  }
}
