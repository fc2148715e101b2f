/** Devices of a virtual machine beside its root disk and its cards: disks, directories and nodes of the host, and volumes. */

import { isTrue } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import type { ConfigMap, DevicesMap, InstanceDoc, VolumeDoc } from '../model.ts';
import type { MachineDevice } from '../ports/devices.ts';
import type { GuestMount } from '../ports/engine.ts';
import type { DiskFile } from '../ports/machine.ts';
import type { MachinePart, PartDisk } from '../ports/machine-parts.ts';
import { projectConfig } from '../projects/features.ts';
import { confinedMount } from '../projects/restrictions.ts';
import { lookUpVolume, volumeProject } from '../volumes/find.ts';
import { deviceVolume, instancesWith } from '../volumes/users.ts';
import { deviceParts, typeOf } from './devices.ts';
import { expand } from './expand.ts';

export type MachinePartNeeds = Pick<House, 'documents' | 'devices' | 'pools' | 'runtime' | 'hostDisk'>;
type Owner = Pick<InstanceDoc, 'id' | 'project'>;
type Device = { device: string; config: ConfigMap; asked: Extract<MachineDevice, { kind: 'disk' }> };

const longestSerial = 20;
const longestTag = 36;

/** In the order of their names, which is that of their places. Throws `HostError` when one of them cannot be had now. */
export async function machineParts(house: MachinePartNeeds, owner: Owner, devices: DevicesMap): Promise<MachinePart[]> {
  const parts: MachinePart[] = [];
  for (const [device, config] of Object.entries(devices).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const asked = typeOf(house, device, config).inMachine?.(config);
    if (asked === undefined || typeof asked === 'string') continue;
    if (asked.kind === 'disk') {
      const part = await diskPart(house, owner, { device, config, asked });
      if (part) parts.push(part);
    }
    if (asked.kind === 'usb') parts.push(...asked.nodes.map((node) => ({ id: `${device}${node}`, usb: { node } })));
  }
  return parts;
}

async function diskPart(house: MachinePartNeeds, owner: Owner, found: Device): Promise<MachinePart | undefined> {
  const volume = deviceVolume(found.config);
  if (volume) {
    const doc = lookUpVolume(house, { ...volume, project: volumeProject(house, owner.project) });
    if (!doc) throw new HostError(`there is no storage volume "${volume.name}" in the pool ${volume.pool}`);
    if (doc.contentType === 'filesystem') return sharePart(house, owner, found);
    return { id: found.device, disk: volumeDisk(house, owner, found, doc) };
  }
  const { source = '' } = found.config;
  const seen = await house.hostDisk(source);
  if (seen?.kind === 'directory') return sharePart(house, owner, found);
  if (!seen) {
    if (found.asked.optional) return undefined;
    throw new HostError(`the source ${source} does not exist`, { errno: 'ENOENT' });
  }
  const { format, isCd, kind } = seen;
  const readOnly = found.asked.readOnly || isCd;
  const confined = confinedMount(projectConfig(house, owner.project), asMount(source, readOnly));
  const file: DiskFile = {
    path: confined.source,
    ...(confined.inside === undefined ? {} : { inside: confined.inside }),
    format,
    readOnly,
    ...(kind === 'block' ? { isDevice: true } : {}),
  };
  return { id: found.device, disk: diskOf(found, file, isCd) };
}

const asMount = (source: string, readOnly: boolean): GuestMount => ({
  source,
  path: '',
  readOnly,
  shifted: false,
  optional: false,
});

function diskOf({ device, asked }: Device, file: DiskFile, isCd: boolean): PartDisk {
  return {
    chain: [file],
    readOnly: file.readOnly,
    bus: asked.bus ?? (isCd ? 'virtio-scsi' : 'virtio-blk'),
    serial: device.slice(0, longestSerial),
    ...(isCd ? { isCd } : {}),
  };
}

function volumeDisk(house: MachinePartNeeds, owner: Owner, found: Device, doc: VolumeDoc): PartDisk {
  const pool = house.pools.get(doc.pool) ?? fail('pool.closed', { name: doc.pool, reason: 'see gast doctor' });
  const isCd = doc.contentType === 'iso';
  const readOnly = found.asked.readOnly || isCd;
  const isShared = isTrue(doc.config['security.shared']);
  if (!isShared) checkAlone(house, owner, doc, readOnly);
  const file: DiskFile = { path: pool.custom.path({ id: doc.id }, 'block'), format: 'raw', readOnly };
  return { ...diskOf(found, file, isCd), ...(isShared ? { isShared } : {}) };
}

/** What two machines write at once is lost; QEMU's locks say so, too, and not in words that help. */
function checkAlone(house: MachinePartNeeds, { id }: Owner, doc: VolumeDoc, readOnly: boolean): void {
  const others = instancesWith(house, doc).filter((one) => {
    if (one.id === id || !house.runtime.get(one.id)) return false;
    if (!readOnly) return true;
    return Object.values(expand(house, one).devices).some((config) => {
      const used = deviceVolume(config);
      return used?.name === doc.name && used.pool === doc.pool && !isTrue(config.readonly);
    });
  });
  if (others.length === 0 || doc.contentType === 'iso') return;
  throw new HostError(`the volume ${doc.name} is the disk of ${others.map(({ name }) => name).join(', ')} now`, {
    errno: 'EBUSY',
    help: 'stop that one, use readonly=true for all of them, or security.shared=true of the volume for a cluster file system',
  });
}

async function sharePart(
  house: MachinePartNeeds,
  owner: Owner,
  { device, config, asked }: Device,
): Promise<MachinePart | undefined> {
  if (config.path === undefined)
    throw new HostError('a directory needs the key path, an absolute path inside the guest', { errno: 'EINVAL' });
  if (config['io.bus'] !== undefined || config['boot.priority'] !== undefined)
    throw new HostError('io.bus and boot.priority are for disks, and this is a directory', { errno: 'EINVAL' });
  const [part] = deviceParts(house, owner.project, { [device]: config });
  if (!part || !('mount' in part)) return undefined;
  const isGone = part.mount.inside === undefined && !(await house.hostDisk(part.mount.source));
  return isGone && asked.optional
    ? undefined
    : { id: device, share: { mount: part.mount, tag: device.slice(0, longestTag) } };
}
