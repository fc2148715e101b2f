/** Volumes as devices of guests see them. */
import { isTrue } from '../../api/config-keys/key.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import type { DeviceVolume, VolumePlaces } from '../ports/devices.ts';
import { lookUpVolume, volumeProject } from './find.ts';

/** Why a guest of the project cannot have the volume; undefined when it can. */
export function volumeError(
  house: Pick<House, 'documents'>,
  volume: DeviceVolume,
  project: string,
): string | undefined {
  const doc = lookUpVolume(house, { ...volume, project: volumeProject(house, project) });
  if (!doc) return `there is no storage volume "${volume.name}" in the pool ${volume.pool}`;
  if (doc.contentType === 'filesystem') return undefined;
  return `the storage volume ${doc.name} has the content type ${doc.contentType}: only virtual machines can have it`;
}

export function volumePlaces(house: Pick<House, 'documents' | 'pools'>, project: string): VolumePlaces {
  return (volume) => {
    const reason = volumeError(house, volume, project);
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
