/** From a network's document to what the network port wants. */
import { isTrue } from '../../api/config-keys/key.ts';
import type { House } from '../house.ts';
import { splitList } from '../instances/config.ts';
import type { NetworkDoc } from '../model.ts';
import type { NetworkSpec } from '../ports/network.ts';
import { aclSpec } from './acls.ts';
import { forwardSpec, forwardsOf } from './forwards.ts';

const flag = (text: string | undefined, otherwise: boolean) => (text === undefined ? otherwise : isTrue(text));

function split(address: string | undefined): { address: string; prefix: number } | undefined {
  if (address === undefined || address === 'none') return undefined;
  const [ip, prefix] = address.split('/');
  return ip && prefix ? { address: ip, prefix: Number(prefix) } : undefined;
}

/** With what other documents add to it: the spec that the network is brought to. */
export function fullNetworkSpec(house: Pick<House, 'documents'>, doc: NetworkDoc): NetworkSpec {
  const forwards = forwardsOf(house, doc.name).map(forwardSpec);
  const acl = aclSpec(house, doc);
  return { ...networkSpec(doc), ...(forwards.length > 0 ? { forwards } : {}), ...(acl ? { acl } : {}) };
}

export function networkSpec(doc: NetworkDoc): NetworkSpec {
  const { config } = doc;
  const ipv4 = split(config['ipv4.address']);
  const ipv6 = split(config['ipv6.address']);
  return {
    name: doc.name,
    link: doc.name,
    mtu: Number(config['bridge.mtu'] ?? 1500),
    domain: config['dns.domain'] ?? 'gast',
    nameservers: splitList(config['dns.nameservers']),
    rawDnsmasq: config['raw.dnsmasq'] ?? '',
    ...(ipv4 ? { ipv4: { ...ipv4, nat: flag(config['ipv4.nat'], true), dhcp: flag(config['ipv4.dhcp'], true) } } : {}),
    ...(ipv6 ? { ipv6: { ...ipv6, nat: flag(config['ipv6.nat'], true), dhcp: flag(config['ipv6.dhcp'], true) } } : {}),
  };
}
