/** `disk`: the root file system, a storage volume or a path in it, a file or directory of the host, or memory. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import { isTrue } from '../api/config-keys/key.ts';
import type { DeviceConfig, DeviceType, DeviceVolume } from '../core/ports/devices.ts';
import type { GuestMount } from '../core/ports/engine.ts';
import type { DiskBus } from '../core/ports/machine-parts.ts';
import { shiftRefusal } from '../host/shown-owner.ts';
import { parseBytes } from '../lib/units.ts';

/** A file system in memory, as Incus names it. */
const memorySource = 'tmpfs:';

/** Keys that only say something about one kind of disk. */
const onlyFor: readonly { keys: readonly string[]; kind: Kind; what: string }[] = [
  { keys: ['shift', 'recursive', 'propagation'], kind: 'path', what: 'files and directories of the host' },
  { keys: ['initial.'], kind: 'root', what: 'the root disk' },
];
type Kind = 'root' | 'memory' | 'volume' | 'path';

const isRoot = (config: DeviceConfig) => config.path === '/' && config.source === undefined;

function kindOf(config: DeviceConfig): Kind {
  if (isRoot(config)) return 'root';
  if (config.source === memorySource) return 'memory';
  return config.pool === undefined ? 'path' : 'volume';
}

/** Incus takes `source: volume/path/inside`. */
function volumeOf(config: DeviceConfig): DeviceVolume | undefined {
  if (kindOf(config) !== 'volume' || !config.pool) return undefined;
  const [name = '', ...rest] = (config.source ?? '').split('/');
  return { pool: config.pool, name, subpath: rest.join('/') };
}

export const disk: DeviceType = {
  name: 'disk',
  keys: deviceKeys.disk,
  isRoot,
  volume: volumeOf,
  invalid: (config) => pathError(config) ?? sourceError(config) ?? keyError(config) ?? optionError(config),
  unavailable: (config) =>
    kindOf(config) === 'path' && isTrue(config.shift) ? shiftRefusal(config.source ?? '') : undefined,
  inMachine(config) {
    if (isRoot(config)) return { kind: 'elsewhere' };
    if (config.source === memorySource) return 'virtual machines are not given file systems in memory';
    return {
      kind: 'disk',
      ...(config['io.bus'] === undefined ? {} : { bus: config['io.bus'] as DiskBus }),
      readOnly: isTrue(config.readonly),
      optional: config.required !== undefined && !isTrue(config.required),
    };
  },
  parts(config, device, volumes) {
    if (isRoot(config) || !config.source || !config.path) return [];
    const options = readOptions(config);
    const mount: GuestMount = {
      source: config.source,
      path: config.path,
      readOnly: isTrue(config.readonly) || options.readOnly,
      shifted: isTrue(config.shift),
      optional: config.required !== undefined && !isTrue(config.required),
      ...(isTrue(config.recursive) ? { recursive: true } : {}),
      ...(options.flags.length > 0 ? { flags: options.flags } : {}),
    };
    if (config.source === memorySource) return [{ id: device, mount: { ...mount, memory: memoryOf(config) } }];
    const volume = volumeOf(config);
    if (!volume) return [{ id: device, mount }];
    const { directory, unmapped } = volumes(volume);
    const source = volume.subpath || '.';
    return [{ id: device, mount: { ...mount, source, inside: directory, shifted: !unmapped } }];
  },
};

function pathError(config: DeviceConfig): string | undefined {
  const { path } = config;
  // A disk of a machine has none; containers are refused by the parts.
  if (path === undefined && config.source) return undefined;
  if (!path?.startsWith('/')) return 'it needs the key path, an absolute path inside the guest';
  if (path.includes('\0') || path.split('/').includes('..')) return `the path ${path} has ".." in it`;
  if (isRoot(config)) return config.pool ? undefined : 'the root disk needs the key pool';
  if (/^\/[./]*$/.test(path)) return 'the root file system cannot have a source';
  return undefined;
}

function sourceError(config: DeviceConfig): string | undefined {
  const { source } = config;
  if (isRoot(config)) return undefined;
  if (!source) return 'it needs the key source: a storage volume with pool, or a file or directory of the host';
  if (/^(ceph|cephfs|cloud-init|agent|tmpfs-overlay):/.test(source)) return `the source ${source} is not supported`;
  if (source === memorySource) return config.pool === undefined ? undefined : 'pool and memory exclude each other';
  if (source.split('/').includes('..')) return `the source ${source} has ".." in it`;
  if (config.pool !== undefined)
    return source.startsWith('/') ? 'the source in a pool is the name of a volume, not a path of the host' : undefined;
  return source.startsWith('/') ? undefined : `the source ${source} is not an absolute path`;
}

function keyError(config: DeviceConfig): string | undefined {
  const kind = kindOf(config);
  for (const { keys, kind: owner, what } of onlyFor) {
    const odd = Object.keys(config).find((key) =>
      keys.some((own) => (own.endsWith('.') ? key.startsWith(own) : key === own)),
    );
    // A volume is always shifted: to ask for it changes nothing.
    if (odd !== undefined && owner !== kind && !(odd === 'shift' && kind === 'volume'))
      return `${odd} is only for ${what}`;
  }
  if (config.size !== undefined && kind !== 'root' && kind !== 'memory')
    return 'size is only for the root disk and for memory; a volume has a size of its own';
  return undefined;
}

type Options = { readOnly: boolean; flags: ('nosuid' | 'noexec')[]; size?: string; mode?: string; odd?: string };

/** `raw.mount.options`: those that a mount can have without a file system driver being asked. */
function readOptions(config: DeviceConfig): Options {
  const read: Options = { readOnly: false, flags: [] };
  for (const option of (config['raw.mount.options'] ?? '').split(',').map((word) => word.trim())) {
    const [, size] = /^size=(.+)$/.exec(option) ?? [];
    const [, mode] = /^mode=([0-7]{3,4})$/.exec(option) ?? [];
    if (option === 'ro') read.readOnly = true;
    else if (option === 'nosuid' || option === 'noexec') read.flags.push(option);
    else if (kindOf(config) === 'memory' && size !== undefined) read.size = size;
    else if (kindOf(config) === 'memory' && mode !== undefined) read.mode = mode;
    // Devices never work in a mount here.
    else if (!['', 'rw', 'nodev', 'bind', 'defaults'].includes(option)) read.odd = option;
  }
  return read;
}

function optionError(config: DeviceConfig): string | undefined {
  const { odd, size } = readOptions(config);
  if (odd !== undefined)
    return `raw.mount.options: "${odd}" is not supported (ro, rw, nosuid, nodev, noexec; for memory size, mode)`;
  if (size !== undefined && sizeBytes(size) === undefined) return `raw.mount.options: "${size}" is not a size`;
  return undefined;
}

/** Mount options have sizes like 64m. */
function sizeBytes(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,12})([kmg])$/i.exec(text) ?? [];
  if (digits === undefined) return parseBytes(text);
  return Number(digits) * 1024 ** ('kmg'.indexOf((unit ?? 'k').toLowerCase()) + 1);
}

function memoryOf(config: DeviceConfig): NonNullable<GuestMount['memory']> {
  const { size, mode } = readOptions(config);
  const bytes = sizeBytes(config.size ?? size ?? '');
  return { ...(bytes ? { sizeBytes: bytes } : {}), ...(mode === undefined ? {} : { mode }) };
}
