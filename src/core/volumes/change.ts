/** Changing the config of volumes. */
import { isTrue } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import { expand } from '../instances/expand.ts';
import { type ConfigMap, keys, type VolumeDoc } from '../model.ts';
import { allowVolume } from '../projects/rules.ts';
import { diskBytes, volumeConfig } from './config.ts';
import type { VolumeNeeds } from './create.ts';
import { openPool, volumeById } from './find.ts';
import { warnOfSize } from './size.ts';
import { checkNobodyUp } from './still.ts';
import { volumeTold } from './told.ts';
import { deviceVolume, instancesWith, isUp } from './users.ts';

/** Keys that say how a new volume is made, or how guests that run have been given it. */
const fixedWhileUp = ['security.shifted', 'security.unmapped'];

/** The caller holds the volume's queue. */
export async function updateVolume(
  house: VolumeNeeds,
  id: string,
  next: (doc: VolumeDoc) => { description: string; config: ConfigMap },
): Promise<void> {
  const old = volumeById(house, id);
  const { description, config: sent } = next(old);
  const config = volumeConfig(old, sent);
  const changed = [...new Set([...Object.keys(old.config), ...Object.keys(config)])].filter(
    (key) => old.config[key] !== config[key],
  );
  const initial = changed.find((key) => key.startsWith('initial.'));
  if (initial) fail('volume.config', { reason: `${initial} cannot be changed after the volume was made` });
  if (changed.some((key) => fixedWhileUp.includes(key))) checkNobodyUp(house, old, 'volume.running');
  allowVolume(house, { ...old, config }, id);
  if (changed.includes('size')) await resize(house, old, config);
  const doc: VolumeDoc = { ...old, description, config };
  await house.documents.put(keys.volume(id), doc);
  if (changed.includes('size')) warnOfSize(house, doc);
  volumeTold(house, 'updated', doc);
}

async function resize(house: VolumeNeeds, doc: VolumeDoc, config: ConfigMap): Promise<void> {
  if (doc.contentType === 'filesystem') return;
  if (doc.contentType === 'iso') fail('volume.config', { reason: 'size: an ISO image has the size that it has' });
  if (diskBytes(config) < diskBytes(doc.config)) fail('volume.config', { reason: 'Block volumes cannot be shrunk' });
  await openPool(house, doc.pool).custom.grow(doc.id, diskBytes(config));
  await tellMachines(house, doc, diskBytes(config));
}

/** Machines that have it see its new size at once. */
async function tellMachines(house: VolumeNeeds, doc: VolumeDoc, sizeBytes: number): Promise<void> {
  for (const instance of instancesWith(house, doc)) {
    const { machineParts } = house.engines[instance.type];
    if (!machineParts || !isUp(instance)) continue;
    for (const [device, used] of Object.entries(expand(house, instance).devices)) {
      const volume = deviceVolume(used);
      if (volume?.name === doc.name && volume.pool === doc.pool && !isTrue(used.readonly))
        await machineParts.resize(instance.id, device, sizeBytes);
    }
  }
}
