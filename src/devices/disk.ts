/** `disk`: the root file system, or a file or directory of the host. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import { isTrue } from '../api/config-keys/key.ts';
import type { DeviceConfig, DeviceType } from '../core/ports/devices.ts';
import { parseBytes } from '../lib/units.ts';

/** A file system in memory, as Incus names it. */
const memorySource = 'tmpfs:';

const isRoot = (config: DeviceConfig) => config.path === '/' && config.source === undefined;

export const disk: DeviceType = {
  name: 'disk',
  keys: deviceKeys.disk,
  isRoot,
  invalid(config) {
    if (!config.path?.startsWith('/')) return 'it needs the key path, an absolute path inside the guest';
    if (config.path.split('/').includes('..')) return `the path ${config.path} has ".." in it`;
    if (isRoot(config)) return config.pool ? undefined : 'the root disk needs the key pool';
    if (config.path === '/') return 'the root file system cannot have a source';
    if (!config.source) return 'it needs the key source, a file or directory of the host';
    if (config.source === memorySource) return undefined;
    if (!config.source.startsWith('/')) return `the source ${config.source} is not an absolute path`;
    return undefined;
  },
  parts(config, device) {
    if (isRoot(config) || !config.source || !config.path) return [];
    const mount = {
      source: config.source,
      path: config.path,
      readOnly: isTrue(config.readonly),
      shifted: isTrue(config.shift),
      optional: config.required !== undefined && !isTrue(config.required),
    };
    if (config.source !== memorySource) return [{ id: device, mount }];
    const sizeBytes = parseBytes(config.size ?? '');
    return [{ id: device, mount: { ...mount, memory: sizeBytes ? { sizeBytes } : {} } }];
  },
};
