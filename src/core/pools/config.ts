/** Checking of the config of storage pools: the driver's keys, `volume.*` for what new volumes begin with, and `user.*`. */
import { findKey, valueError } from '../../api/config-keys/key.ts';
import { volumeKeys } from '../../api/config-keys/volume.ts';
import { fail } from '../../api/errors.ts';
import type { ConfigMap } from '../model.ts';
import type { StorageDriver } from '../ports/storage.ts';

const volumePrefix = 'volume.';
const isChangeable = (key: string) => key.startsWith('user.') || key.startsWith(volumePrefix);

export function checkPoolConfig(driver: Pick<StorageDriver, 'keys'>, config: ConfigMap): void {
  for (const key of Object.keys(config))
    if (!isChangeable(key) && !driver.keys.some((row) => row.key === key))
      fail('pool.config', { reason: `Unknown configuration key: ${key}` });
  if (config.source !== undefined && !config.source.startsWith('/'))
    fail('pool.config', { reason: `source: "${config.source}" is not an absolute path` });
  checkVolumeDefaults(config);
}

/** The config after a change of a pool that is there. A source that is left out stays: clients may never have seen it. */
export function changedPoolConfig(old: ConfigMap, sent: ConfigMap): ConfigMap {
  const config: ConfigMap = { ...(old.source === undefined ? {} : { source: old.source }), ...sent };
  for (const key of new Set([...Object.keys(old), ...Object.keys(config)]))
    if (!isChangeable(key) && old[key] !== config[key])
      fail('pool.config', { reason: `${key} cannot be changed after the pool was made` });
  checkVolumeDefaults(config);
  return config;
}

function checkVolumeDefaults(config: ConfigMap): void {
  for (const [key, value] of Object.entries(config)) {
    if (!key.startsWith(volumePrefix)) continue;
    const name = key.slice(volumePrefix.length);
    const row = findKey([...volumeKeys.filesystem, ...volumeKeys.block], name);
    if (!row || row.internal) fail('pool.config', { reason: `Unknown configuration key: ${key}` });
    const reason = row && valueError(row, value);
    if (reason) fail('pool.config', { reason: `Invalid value for config key "${key}": ${reason}` });
  }
}
