/** Checking of what volumes are called and of their config, and what the pool gives to those that are new. */
import { findKey, isTrue, valueError } from '../../api/config-keys/key.ts';
import { volumeKeys } from '../../api/config-keys/volume.ts';
import { fail } from '../../api/errors.ts';
import { volumeNameError } from '../../lib/names.ts';
import { parseBytes } from '../../lib/units.ts';
import type { House } from '../house.ts';
import type { ConfigMap, PoolDoc, VolumeDoc } from '../model.ts';
import type { CustomContent } from '../ports/storage.ts';
import { lookUpVolume, type VolumePlace } from './find.ts';

const defaultDiskBytes = 10 * 2 ** 30;

export function checkVolumeName(house: Pick<House, 'documents'>, place: VolumePlace): void {
  const reason = volumeNameError(place.name);
  if (reason) fail('volume.name', { reason });
  if (lookUpVolume(house, place)) fail('volume.exists');
}

export function readContentType(text: string | undefined): VolumeDoc['contentType'] {
  switch (text || 'filesystem') {
    case 'filesystem':
    case 'fs':
      return 'filesystem';
    case 'block':
      return 'block';
    case 'iso':
      return fail('volume.config', { reason: 'a volume with content type iso is made by importing an ISO image' });
    default:
      return fail('volume.config', { reason: `Invalid content type "${text}"` });
  }
}

/** A config as it is stored: checked, and without what only the server may say. */
export function volumeConfig(volume: Pick<VolumeDoc, 'name' | 'contentType'>, sent: ConfigMap): ConfigMap {
  const config = Object.fromEntries(Object.entries(sent).filter(([key]) => !key.startsWith('volatile.')));
  for (const [key, value] of Object.entries(config)) {
    const row = findKey(volumeKeys[volume.contentType], key);
    if (!row) fail('volume.config', { reason: `Invalid option for volume "${volume.name}" option "${key}"` });
    else if (valueError(row, value))
      fail('volume.config', {
        reason: `Invalid value for volume "${volume.name}" option "${key}": ${valueError(row, value)}`,
      });
  }
  if (isTrue(config['security.shifted']) && isTrue(config['security.unmapped']))
    fail('volume.config', { reason: 'security.shifted and security.unmapped are mutually exclusive' });
  if (config['initial.mode'] !== undefined && !/^[0-7]{1,4}$/.test(config['initial.mode']))
    fail('volume.config', { reason: `initial.mode: "${config['initial.mode']}" is not an octal mode like 0711` });
  return config;
}

/** Keys `volume.*` of the pool are what its new volumes begin with. */
export function withPoolDefaults(pool: PoolDoc, contentType: VolumeDoc['contentType'], config: ConfigMap): ConfigMap {
  const defaults = Object.entries(pool.config)
    .filter(([key]) => key.startsWith('volume.'))
    .map(([key, value]) => [key.slice('volume.'.length), value] as const)
    .filter(([key]) => findKey(volumeKeys[contentType], key) !== undefined);
  return { ...Object.fromEntries(defaults), ...config };
}

/** What the pool makes for a new volume with this config. */
export function newContent({ contentType, config }: Pick<VolumeDoc, 'contentType' | 'config'>): CustomContent {
  if (contentType !== 'filesystem') return { kind: 'block', sizeBytes: diskBytes(config) };
  const number = (key: string, base: number) =>
    config[key] === undefined ? undefined : Number.parseInt(config[key], base);
  const [uid, gid, mode] = [number('initial.uid', 10), number('initial.gid', 10), number('initial.mode', 8)];
  return {
    kind: 'filesystem',
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mode === undefined ? {} : { mode }),
  };
}

export const diskBytes = (config: ConfigMap): number =>
  config.size === undefined ? defaultDiskBytes : (parseBytes(config.size) ?? defaultDiskBytes);
