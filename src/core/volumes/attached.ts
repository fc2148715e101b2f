/** Volumes as devices of guests see them. */
import { isTrue } from '../../api/config-keys/key.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import type { DeviceVolume, VolumePlaces } from '../ports/devices.ts';
import { lookUpVolume, volumeProject } from './find.ts';

/** Why no guest of the project can have the volume; undefined when one can. */
export function volumeError(
  house: Pick<House, 'documents'>,
  volume: DeviceVolume,
  project: string,
): string | undefined {
  const doc = lookUpVolume(house, { ...volume, project: volumeProject(house, project) });
  if (!doc) return `there is no storage volume "${volume.name}" in the pool ${volume.pool}`;
  if (doc.contentType === 'filesystem' || volume.subpath === '') return undefined;
  return `the storage volume ${doc.name} has the content type ${doc.contentType}: there are no paths in it`;
}

/** Why a container of the project cannot have it. */
export function treeError(house: Pick<House, 'documents'>, volume: DeviceVolume, project: string): string | undefined {
  const doc = lookUpVolume(house, { ...volume, project: volumeProject(house, project) });
  if (!doc || doc.contentType === 'filesystem') return volumeError(house, volume, project);
  return `the storage volume ${doc.name} has the content type ${doc.contentType}: only virtual machines can have it`;
}

export function volumePlaces(house: Pick<House, 'documents' | 'pools'>, project: string): VolumePlaces {
  return (volume) => {
    const reason = treeError(house, volume, project);
    if (reason) throw new HostError(reason, { help: 'gast storage volume list' });
    const doc = lookUpVolume(house, { ...volume, project: volumeProject(house, project) });
    const pool = house.pools.get(volume.pool);
    if (!doc || !pool)
      throw new HostError(`the storage pool ${volume.pool} could not be opened`, { help: 'gast doctor' });
    return {
      directory: pool.custom.path({ id: doc.id }, 'filesystem'),
      unmapped: isTrue(doc.config['security.unmapped']),
    };
  };
}
