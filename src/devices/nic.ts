/** `nic`: a network card, on a managed bridge or by one of the other ways. */
import { deviceKeys, nicCommonKeys, nicKindKeys } from '../api/config-keys/devices.ts';
import type { DeviceConfig, DeviceType, OtherCard } from '../core/ports/devices.ts';
import { parseIp } from '../lib/ip.ts';
import { parseBits } from '../lib/units.ts';

type Kind = keyof typeof nicKindKeys;

const kindOf = (config: DeviceConfig): Kind => (config.network ? 'bridged' : ((config.nictype ?? 'bridged') as Kind));
const list = (text: string | undefined) => (text ?? '').split(',').flatMap((part) => part.trim() || []);
const linkName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/;

export const nic: DeviceType = {
  name: 'nic',
  keys: deviceKeys.nic,
  invalid: (config, device) =>
    cardError(config) ?? nameError(config, device) ?? addressError(config) ?? limitError(config),
  network: (config) => (kindOf(config) === 'bridged' ? (config.network ?? config.parent) : undefined),
  inMachine: (config) =>
    kindOf(config) === 'bridged' ? { kind: 'elsewhere' } : `virtual machines have cards on managed networks only`,
  otherCard(config): OtherCard | undefined {
    const kind = kindOf(config);
    if (kind === 'bridged') return undefined;
    const addresses = [...list(config['ipv4.address']), ...list(config['ipv6.address'])].filter(
      (text) => text !== 'none',
    );
    return { kind, parent: config.parent ?? '', addresses: kind === 'routed' ? addresses : [] };
  },
};

function cardError(config: DeviceConfig): string | undefined {
  if (!config.network && !config.nictype && !config.parent)
    return 'it needs the key network, the name of a managed network, or nictype';
  if (config.network && config.nictype) return 'Cannot use "nictype" property in conjunction with "network" property';
  if (config.network && config.parent) return 'Cannot use "parent" property in conjunction with "network" property';
  const kind = kindOf(config);
  const allowed = `${nicCommonKeys} ${nicKindKeys[kind]}`.split(' ');
  const odd = Object.keys(config).find((key) => !allowed.includes(key));
  if (odd !== undefined) return `Invalid device option "${odd}"`;
  const needsParent = kind === 'macvlan' || kind === 'physical' || (kind === 'bridged' && !config.network);
  if (needsParent && !config.parent) return 'Required device option "parent" is missing';
  return undefined;
}

function nameError(config: DeviceConfig, device: string): string | undefined {
  const name = config.name ?? device;
  if (!linkName.test(name))
    return `"${name}" is not a name of a network card (1 to 15 letters, digits, _ . -); the key name gives another`;
  if (name === 'lo') return '"lo" cannot be the name of a network card';
  for (const key of ['host_name', 'parent'] as const)
    if (config[key] !== undefined && !linkName.test(config[key]) && kindOf(config) !== 'bridged')
      return `Invalid value for device option "${key}": "${config[key]}" is not a name of a link`;
  if (config.host_name !== undefined && !linkName.test(config.host_name))
    return `Invalid value for device option "host_name": "${config.host_name}" is not a name of a link`;
  return undefined;
}

function addressError(config: DeviceConfig): string | undefined {
  for (const [key, family] of [
    ['ipv4.address', 'inet'],
    ['ipv6.address', 'inet6'],
  ] as const) {
    const addresses = list(config[key]);
    if (addresses.length > 1 && kindOf(config) !== 'routed')
      return `${key}: only routed cards have more than one address`;
    for (const address of addresses) {
      if (address === 'none') continue;
      const ip = parseIp(address);
      if (!ip) return `Invalid value for device option "${key}": Not an IP address "${address}"`;
      if (ip.family !== family) return `${key}: "${address}" is an address of the other family`;
    }
  }
  return undefined;
}

function limitError(config: DeviceConfig): string | undefined {
  if (config['limits.max'] && (config['limits.ingress'] || config['limits.egress']))
    return 'Cannot use "limits.max" in conjunction with "limits.ingress" or "limits.egress"';
  for (const key of ['limits.ingress', 'limits.egress', 'limits.max'] as const) {
    const bits = config[key] === undefined ? 8_000 : parseBits(config[key]);
    if (!bits || bits < 8_000 || bits > 1e12)
      return `Invalid value for device option "${key}": "${config[key]}" is not a rate like 10Mbit`;
  }
  return undefined;
}
