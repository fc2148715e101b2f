/** The network cards of an instance: addresses are given once, kept as `volatile.*` keys, and used at every start. */
import { isTrue } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import { formatIp, isHostAddress, parseIp, parsePrefix } from '../../lib/ip.ts';
import { randomMac } from '../../lib/mac.ts';
import { parseBits } from '../../lib/units.ts';
import type { House } from '../house.ts';
import { networkCards, otherCards } from '../instances/devices.ts';
import { type Expanded, expand } from '../instances/expand.ts';
import { allInstances } from '../instances/find.ts';
import type { ConfigMap, InstanceDoc } from '../model.ts';
import type { NicSpec } from '../ports/network.ts';
import { findNetwork } from './find.ts';
import { networkSpec } from './spec.ts';

type Needs = Pick<House, 'documents' | 'devices'>;

/**
 * `volatile.*` keys that the cards of an instance need and do not have yet: a MAC and, where the network has IPv4, an address.
 * A fixed address of somebody else is refused, unless it may clash: a copy has that of its source until
 * one of them is started, and a change of something else (`before`) leaves it so. The caller holds the `allocate` queue until the keys are committed, so that no address is given twice.
 */
export function allocateAddresses(
  house: Needs & Pick<House, 'clock'>,
  doc: InstanceDoc,
  expanded: Expanded,
  options: { mayClash?: boolean; before?: Expanded } = {},
): ConfigMap {
  const given: ConfigMap = {};
  for (const { device, config, card } of otherCards(house, expanded.devices)) {
    const mac = `volatile.${device}.hwaddr`;
    if (card.kind !== 'physical' && !config.hwaddr && !doc.config[mac]) given[mac] = randomMac(house.clock.randomHex);
  }
  const cards = networkCards(house, expanded.devices);
  const ownAddress = ({ device, config }: (typeof cards)[number]) => {
    const key = `volatile.${device}.ipv4.address`;
    return config['ipv4.address'] ?? given[key] ?? doc.config[key];
  };
  for (const [index, card] of cards.entries()) {
    const mac = `volatile.${card.device}.hwaddr`;
    if (!card.config.hwaddr && !doc.config[mac]) given[mac] = randomMac(house.clock.randomHex);
    const key = `volatile.${card.device}.ipv4.address`;
    const { ipv4 } = networkSpec(findNetwork(house, card.network));
    const taken = takenAddresses(house, card.network, doc.id);
    const fixed = card.config['ipv4.address'];
    const owner = taken.get(fixed ?? '');
    const isNew = options.before?.devices[card.device]?.['ipv4.address'] !== fixed;
    if (fixed && owner && isNew && !options.mayClash) fail('network.address-taken', { address: fixed, owner });
    // Of its own cards in the network those that come before go first.
    const take = (own: readonly (typeof card)[]) => {
      for (const one of own) if (one.network === card.network) taken.set(ownAddress(one) ?? '', doc.name);
    };
    take(cards.slice(0, index));
    if (!ipv4 || fixed || isUsable(doc.config[key], ipv4, taken)) continue;
    take(cards.slice(index + 1));
    given[key] = freeAddress(card.network, ipv4, taken);
  }
  return given;
}

/**
 * Refuses the start of an instance whose card has the MAC of another instance in the same network: an import brings the one
 * of the instance that was exported.
 */
export function checkMacs(house: Needs, doc: InstanceDoc, expanded: Expanded): void {
  const own = networkCards(house, expanded.devices);
  if (own.length === 0) return;
  const macOf = (of: InstanceDoc, card: (typeof own)[number]) =>
    (card.config.hwaddr ?? of.config[`volatile.${card.device}.hwaddr`])?.toLowerCase();
  for (const other of allInstances(house)) {
    if (other.id === doc.id) continue;
    for (const theirs of networkCards(house, expand(house, other).devices)) {
      const taken = macOf(other, theirs);
      const card = own.find((mine) => mine.network === theirs.network && macOf(doc, mine) === taken);
      if (card && taken) fail('network.mac-taken', { device: card.device, hwaddr: taken });
    }
  }
}

/** IPv4 addresses that instances hold in a network, with the names of their holders. */
export function takenAddresses(house: Needs, network: string, exceptId?: string): Map<string, string> {
  const taken = new Map<string, string>();
  for (const doc of allInstances(house)) {
    if (doc.id === exceptId) continue;
    for (const card of networkCards(house, expand(house, doc).devices)) {
      const address = card.config['ipv4.address'] ?? doc.config[`volatile.${card.device}.ipv4.address`];
      if (card.network === network && address) taken.set(address, doc.name);
    }
  }
  return taken;
}

type Gateway = { address: string; prefix: number };

/** Whether the address that a card had before can stay: the subnet may have changed, or somebody else have it now. */
function isUsable(kept: string | undefined, gateway: Gateway, taken: ReadonlyMap<string, string>): boolean {
  const ip = parseIp(kept ?? '');
  const subnet = parsePrefix(`${gateway.address}/${gateway.prefix}`);
  if (kept === undefined || !ip || !subnet) return false;
  return isHostAddress(subnet, ip) && kept !== gateway.address && !taken.has(kept);
}

function freeAddress(network: string, gateway: Gateway, taken: ReadonlyMap<string, string>): string {
  const own = parseIp(gateway.address);
  if (!own) return fail('network.config', { reason: `${gateway.address} is not an address` });
  const size = 1n << BigInt(32 - gateway.prefix);
  const first = own.value - (own.value % size);
  for (let value = first + 1n; value < first + size - 1n; value++) {
    const address = formatIp({ family: 'inet', value });
    if (address !== gateway.address && !taken.has(address)) return address;
  }
  return fail('network.full', { network, subnet: `${formatIp({ family: 'inet', value: first })}/${gateway.prefix}` });
}

/** The address that a MAC gives itself in a /64 (RFC 4291, appendix A). */
export function addressFromMac(prefix: string, mac: string): string | undefined {
  const network = parseIp(prefix);
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  if (!network || bytes.length !== 6) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const host = [a ^ 2, b, c, 0xff, 0xfe, d, e, f].reduce((value, byte) => value * 256n + BigInt(byte), 0n);
  return formatIp({ family: 'inet6', value: ((network.value >> 64n) << 64n) | host });
}

/** The cards as the network port wants them. `hostName` is a fresh link name for each attachment. */
export function nicSpecs(
  house: Needs,
  doc: InstanceDoc,
  hostName: (name: string) => string,
  devices = expand(house, doc).devices,
): NicSpec[] {
  const others = otherCards(house, devices).map(({ device, config, card }): NicSpec => {
    const hwaddr = config.hwaddr ?? (card.kind === 'physical' ? '' : (doc.config[`volatile.${device}.hwaddr`] ?? ''));
    const name = config.name ?? device;
    return {
      kind: card.kind,
      guest: doc.id,
      name,
      hostname: doc.name,
      network: '',
      link: card.parent,
      ...hostNameOf(config, hostName(name)),
      hwaddr: hwaddr.toLowerCase(),
      mtu: Number(config.mtu ?? 0),
      ...(card.addresses.length > 0 ? { addresses: card.addresses } : {}),
      limits: cardLimits(config),
      filters: { mac: false, ipv4: false, ipv6: false },
    };
  });
  const bridged = networkCards(house, devices).map(({ device, config, network }): NicSpec => {
    const spec = networkSpec(findNetwork(house, network));
    const hwaddr = (config.hwaddr ?? doc.config[`volatile.${device}.hwaddr`] ?? '').toLowerCase();
    const ipv4 = config['ipv4.address'] ?? doc.config[`volatile.${device}.ipv4.address`];
    const ipv6 = spec.ipv6 && (config['ipv6.address'] ?? addressFromMac(spec.ipv6.address, hwaddr));
    const filter = (key: string) => config[key] === undefined || isTrue(config[key]);
    return {
      guest: doc.id,
      name: config.name ?? device,
      ...(doc.type === 'virtual-machine' ? { isPassage: true } : {}),
      hostname: doc.name,
      network,
      link: spec.link,
      ...hostNameOf(config, hostName(config.name ?? device)),
      hwaddr,
      mtu: config.mtu ? Number(config.mtu) : spec.mtu,
      limits: cardLimits(config),
      filters: {
        mac: filter('security.mac_filtering'),
        ipv4: filter('security.ipv4_filtering'),
        ipv6: filter('security.ipv6_filtering'),
      },
      ...(spec.ipv4 && ipv4 && ipv4 !== 'none'
        ? { ipv4: { address: ipv4, prefix: spec.ipv4.prefix, gateway: spec.ipv4.address } }
        : {}),
      ...(spec.ipv6 && ipv6 && ipv6 !== 'none'
        ? { ipv6: { address: ipv6, prefix: spec.ipv6.prefix, gateway: spec.ipv6.address } }
        : {}),
    };
  });
  return [...bridged, ...others];
}

/** A name of the user's own is the same at each attachment. */
function hostNameOf(config: ConfigMap, fresh: string): Pick<NicSpec, 'hostName' | 'fixedHostName'> {
  return config.host_name ? { hostName: config.host_name, fixedHostName: true } : { hostName: fresh };
}

function cardLimits(config: ConfigMap): NicSpec['limits'] {
  const [ingress, egress] = ['limits.ingress', 'limits.egress'].map((key) =>
    parseBits(config[key] ?? config['limits.max'] ?? ''),
  );
  return { ...(ingress ? { ingressBits: ingress } : {}), ...(egress ? { egressBits: egress } : {}) };
}
