/** Checking of devices, and the parts of a guest's spec that they stand for. */
import { isDeepStrictEqual } from 'node:util';
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import { isHostAddress, parseIp, parsePrefix } from '../../lib/ip.ts';
import type { House } from '../house.ts';
import { type ConfigMap, type DevicesMap, type InstanceDoc, keys, type NetworkDoc, type PoolDoc } from '../model.ts';
import type { DeviceType, Forward, OtherCard } from '../ports/devices.ts';
import type { GuestPart } from '../ports/engine.ts';
import { projectConfig } from '../projects/features.ts';
import { confinedMount } from '../projects/restrictions.ts';
import { treeError, volumeError, volumePlaces } from '../volumes/attached.ts';
import { configError, plainConfig } from './config.ts';

type LooseDevices = Record<string, Record<string, string | number | boolean | null>> | null | undefined;

export function plainDevices(loose: LooseDevices): DevicesMap {
  return Object.fromEntries(Object.entries(loose ?? {}).map(([name, config]) => [name, plainConfig(config)]));
}

export function typeOf(house: Pick<House, 'devices'>, device: string, config: ConfigMap): DeviceType {
  const type = house.devices.find((candidate) => candidate.name === config.type);
  if (type) return type;
  const known = house.devices.map((candidate) => candidate.name).join(', ');
  return fail('instance.devices', {
    device,
    reason: config.type ? `Unsupported device type "${config.type}" (there is: ${known})` : 'the key type is missing',
  });
}

/** Checks own devices of a profile or instance; `expanded` ones also have to form a whole (a root disk, no clash). */
export function checkDevices(
  house: Pick<House, 'devices' | 'documents'>,
  devices: DevicesMap,
  /** Whose volumes are meant; absent for profiles, which may be written before them. */
  project?: string,
): void {
  for (const [device, config] of Object.entries(devices)) {
    if (!/^[A-Za-z0-9_.:-]{1,64}$/.test(device))
      fail('instance.devices', { device, reason: 'the name may have letters, digits and _ . : - only' });
    const type = typeOf(house, device, config);
    const { type: _, ...rest } = config;
    const reason =
      configError(type.keys, rest) ?? type.invalid?.(rest, device) ?? referenceError(house, type, rest, project);
    if (reason) fail('instance.devices', { device, reason });
  }
}

/** Refuses what this host cannot give; what was there before is not asked again. */
export function checkAvailable(house: Pick<House, 'devices'>, devices: DevicesMap, before: DevicesMap = {}): void {
  for (const [device, config] of Object.entries(devices)) {
    if (isDeepStrictEqual(config, before[device])) continue;
    const reason = typeOf(house, device, config).unavailable?.(config);
    if (reason) fail('instance.devices', { device, reason });
  }
}

function referenceError(
  house: Pick<House, 'documents'>,
  type: DeviceType,
  config: ConfigMap,
  project: string | undefined,
): string | undefined {
  const name = type.network?.(config);
  if (name !== undefined) {
    const network = house.documents.get<NetworkDoc>(keys.network(name));
    return network ? addressError(network, config) : `there is no managed network "${name}"`;
  }
  const volume = type.volume?.(config);
  if ((type.isRoot?.(config) || volume) && !house.documents.get<PoolDoc>(keys.pool(config.pool ?? '')))
    return `there is no storage pool "${config.pool}"`;
  return volume && project !== undefined ? volumeError(house, volume, project) : undefined;
}

/** A fixed address has to be one that a guest of the network can have. */
function addressError(network: NetworkDoc, config: ConfigMap): string | undefined {
  for (const key of ['ipv4.address', 'ipv6.address']) {
    const address = parseIp(config[key] ?? '');
    if (!address) continue;
    const own = network.config[key] ?? 'none';
    const subnet = parsePrefix(own);
    if (!subnet || !isHostAddress(subnet, address))
      return `${key}: ${config[key]} is no address for a guest in ${network.name} (${own})`;
    if (own.split('/')[0] === config[key]) return `${key}: ${config[key]} is the address of ${network.name} itself`;
  }
  return undefined;
}

export function checkExpandedDevices(house: Pick<House, 'devices' | 'documents'>, devices: DevicesMap): void {
  const seen = new Map<string, string>();
  for (const [device, config] of Object.entries(devices)) {
    const type = typeOf(house, device, config);
    const place =
      type.network?.(config) !== undefined || type.otherCard?.(config)
        ? `network card ${config.name ?? device}`
        : config.path
          ? `path ${config.path}`
          : undefined;
    if (place === undefined) continue;
    const other = seen.get(place);
    if (other) fail('instance.devices', { device, reason: `the device "${other}" has the ${place} already` });
    seen.set(place, device);
  }
  rootPool(house, devices);
}

/** The pool that the root disk names. */
export function rootPool(house: Pick<House, 'devices'>, devices: DevicesMap): string {
  return rootDevice(house, devices)?.config.pool ?? fail('instance.no-root-disk');
}

/** What a guest of this kind cannot be given is refused, and not left out. */
export function checkKindOfDevices(
  house: Pick<House, 'devices' | 'documents'>,
  { type: kind, project }: Pick<InstanceDoc, 'type' | 'project'>,
  devices: DevicesMap,
): void {
  for (const [device, config] of Object.entries(devices)) {
    const type = typeOf(house, device, config);
    const reason = kind === 'container' ? containerRefusal(house, project, type, config) : machineRefusal(type, config);
    if (reason !== undefined) fail('instance.devices', { device, reason });
  }
}

function containerRefusal(
  house: Pick<House, 'documents'>,
  project: string,
  type: DeviceType,
  config: ConfigMap,
): string | undefined {
  const volume = type.volume?.(config);
  const reason = volume && treeError(house, volume, project);
  if (reason) return reason;
  if (type.isForMachines) return `devices of this kind (${type.name}) are for virtual machines only`;
  if (type.name === 'disk' && config.path === undefined)
    return 'it needs the key path, an absolute path inside the guest';
  return undefined;
}

function machineRefusal(type: DeviceType, config: ConfigMap): string | undefined {
  if (type.isTpm?.(config)) return undefined;
  if (!type.inMachine) return `virtual machines are not offered devices of this kind (${type.name})`;
  try {
    const asked = type.inMachine(config);
    return typeof asked === 'string' ? asked : undefined;
  } catch (error) {
    // What the host lacks now is told when the machine starts.
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

export function rootDevice(
  house: Pick<House, 'devices'>,
  devices: DevicesMap,
): { device: string; config: ConfigMap } | undefined {
  const found = Object.entries(devices).find(([device, config]) => typeOf(house, device, config).isRoot?.(config));
  return found && { device: found[0], config: found[1] };
}

/** What the devices put into the guest's tree, outer places before those in them. */
export function deviceParts(
  house: Pick<House, 'devices' | 'documents' | 'pools'>,
  project: string,
  devices: DevicesMap,
): GuestPart[] {
  const volumes = volumePlaces(house, project);
  const parts = Object.entries(devices).flatMap(
    ([device, config]) => typeOf(house, device, config).parts?.(config, device, volumes) ?? [],
  );
  const path = (part: GuestPart) => ('mount' in part ? part.mount.path : part.node.path);
  const rules = projectConfig(house, project);
  const confined = parts.map((part) => ('mount' in part ? { ...part, mount: confinedMount(rules, part.mount) } : part));
  return confined.sort((a, b) => (path(a) < path(b) ? -1 : 1));
}

/** What is carried between host and guest, by device. */
export function deviceForwards(
  house: Pick<House, 'devices'>,
  devices: DevicesMap,
): { device: string; forward: Forward }[] {
  return Object.entries(devices).flatMap(([device, config]) => {
    const forward = typeOf(house, device, config).forward?.(config);
    return forward === undefined ? [] : [{ device, forward }];
  });
}

/** Cards that are on no managed network, in the order of their names. */
export function otherCards(
  house: Pick<House, 'devices'>,
  devices: DevicesMap,
): { device: string; config: ConfigMap; card: OtherCard }[] {
  return Object.entries(devices)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([device, config]) => {
      const card = typeOf(house, device, config).otherCard?.(config);
      return card === undefined ? [] : [{ device, config, card }];
    });
}

/** Network cards: device name, its config and its network, in the order of their names. */
export function networkCards(
  house: Pick<House, 'devices'>,
  devices: DevicesMap,
): { device: string; config: ConfigMap; network: string }[] {
  return Object.entries(devices)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([device, config]) => {
      const network = typeOf(house, device, config).network?.(config);
      return network === undefined ? [] : [{ device, config, network }];
    });
}
