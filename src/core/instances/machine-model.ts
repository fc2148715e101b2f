/**
 * What a virtual machine is by its config: firmware, board, processor, TPM. The board is kept from the first start on
 * (`volatile.vm.definition`, as in Incus), so that later programs make the same machine.
 */
import { isDeepStrictEqual } from 'node:util';
import { isTrue } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import { parseBytes } from '../../lib/units.ts';
import type { House } from '../house.ts';
import type { ConfigMap, DevicesMap, InstanceDoc } from '../model.ts';
import type { Machine, MachineBoot } from '../ports/machine.ts';
import type { MachineWish } from '../ports/machine-models.ts';
import type { Draft, Source } from './create.ts';
import { type Expanded, expand } from './expand.ts';

type Needs = Pick<House, 'engines' | 'devices'>;

const keptType = 'volatile.vm.definition';
/** Also what was meant by the maker of an image. */
const isOn = (config: ConfigMap, key: string) => isTrue(config[key] ?? 'false');

/** A kernel of the host is started by a BIOS, which is quick. */
function startsByBios(config: ConfigMap): boolean {
  if (config['machine.kernel'] !== undefined) return true;
  return config['security.csm'] === undefined ? isOn(config, 'image.requirements.csm') : isOn(config, 'security.csm');
}

function wishOf(house: Needs, { config, devices }: Expanded): MachineWish {
  const type = config['machine.type'] ?? config[keptType];
  const cpuModel = config['machine.cpu'];
  return {
    ...(type === undefined ? {} : { type }),
    ...(cpuModel === undefined ? {} : { cpuModel }),
    uefi: !startsByBios(config),
    secureBoot: isOn(config, 'security.secureboot'),
    tpm: tpmsOf(house, devices).length > 0,
  };
}

function tpmsOf(house: Pick<House, 'devices'>, devices: DevicesMap): string[] {
  const isTpm = (config: ConfigMap) => house.devices.find(({ name }) => name === config.type)?.isTpm?.(config);
  return Object.entries(devices).flatMap(([name, config]) => (isTpm(config) ? [name] : []));
}

/** Before anything is touched: whether what is wanted fits together, and this host can make it. */
export async function checkMachineModel(house: Needs, expanded: Expanded): Promise<void> {
  const { config, devices } = expanded;
  const refuse = (reason: string) => fail('instance.config', { reason });
  const wish = wishOf(house, expanded);
  if (wish.secureBoot && !wish.uefi)
    refuse('security.secureboot needs UEFI: unset security.csm and machine.kernel, or security.secureboot');
  if (wish.secureBoot && config['image.requirements.secureboot'] === 'false')
    refuse('what the image starts is not signed: unset security.secureboot');
  const [, second] = tpmsOf(house, devices);
  if (second !== undefined)
    fail('instance.devices', { device: second, reason: 'a virtual machine has one TPM at most' });
  const refusal = await house.engines['virtual-machine'].models?.refusal(wish);
  if (refusal === undefined) return;
  const kept =
    config['machine.type'] === undefined && config[keptType] !== undefined && refusal.includes(config[keptType]);
  refuse(kept ? `${refusal}. The machine was made with it; machine.type chooses another one` : refusal);
}

/** Less than any firmware with a system needs; QEMU would start with one mebibyte, and nothing in it. */
const leastMemoryBytes = 16 * 2 ** 20;

function checkMemory({ config }: Pick<Expanded, 'config'>): void {
  const text = config['limits.memory'] ?? '';
  if ((parseBytes(text) ?? leastMemoryBytes) < leastMemoryBytes)
    fail('instance.config', { reason: `limits.memory: a virtual machine has 16MiB at least, not ${text}` });
}

/** A new one, with what its image asks for. */
export async function checkNewModel(
  house: Needs & Pick<House, 'documents'>,
  draft: Draft,
  source: Source | { kind: 'arriving' },
): Promise<void> {
  const { config, devices } = expand(house, draft);
  if (draft.type === 'container') return refuseTpm(house, devices);
  const asked = source.kind === 'image' ? Object.entries(source.image.properties) : [];
  const ofImage = Object.fromEntries(asked.map(([key, value]) => [`image.${key}`, value]));
  checkMemory({ config });
  await checkMachineModel(house, { config: { ...ofImage, ...config }, devices });
}

/** What came from a host that knew more can be changed in all else. */
export async function checkChangedModel(
  house: Needs & Pick<House, 'runtime'>,
  { id, type }: Pick<InstanceDoc, 'id' | 'type'>,
  before: Expanded,
  after: Expanded,
): Promise<void> {
  if (type === 'container') return refuseTpm(house, after.devices);
  const [had, has] = [tpmsOf(house, before.devices), tpmsOf(house, after.devices)];
  const [device] = [...has.filter((name) => !had.includes(name)), ...had.filter((name) => !has.includes(name))];
  if (device !== undefined && house.runtime.get(id))
    fail('instance.devices', { device, reason: 'a TPM comes and goes while the machine is stopped' });
  if (before.config['limits.memory'] !== after.config['limits.memory']) checkMemory(after);
  if (!isDeepStrictEqual(wishOf(house, before), wishOf(house, after))) await checkMachineModel(house, after);
}

/** What containers cannot be given. */
export function refuseTpm(house: Pick<House, 'devices'>, devices: DevicesMap): void {
  const [device] = tpmsOf(house, devices);
  if (device !== undefined) fail('instance.devices', { device, reason: 'containers are not given a TPM' });
}

/** The board that a machine without one is started with, to be kept. */
export async function newBoard(house: Needs, config: ConfigMap): Promise<ConfigMap> {
  const { models } = house.engines['virtual-machine'];
  if (!models || config[keptType] !== undefined) return {};
  return { [keptType]: config['machine.type'] ?? (await models.defaultType()) };
}

export type Model = Pick<Machine, 'boot' | 'type' | 'cpuModel' | 'tpm'>;

/** `folder` is the machine's own, for its small files. */
export function modelOf(house: Needs, expanded: Expanded, folder: string): Model {
  const { type, cpuModel, uefi, secureBoot, tpm } = wishOf(house, expanded);
  return {
    boot: bootOf(expanded.config, uefi ? { uefi: { directory: folder, secureBoot } } : {}),
    ...(type === undefined ? {} : { type }),
    ...(cpuModel === undefined ? {} : { cpuModel }),
    ...(tpm ? { tpm: { directory: `${folder}/tpm` } } : {}),
  };
}

function bootOf(config: ConfigMap, firmware: Omit<MachineBoot & { kind: 'firmware' }, 'kind'>): MachineBoot {
  const { 'machine.kernel': kernel, 'machine.initrd': initrd, 'machine.cmdline': append = '' } = config;
  if (kernel === undefined) return { kind: 'firmware', ...firmware };
  return { kind: 'kernel', kernel, ...(initrd === undefined ? {} : { initrd }), append };
}
