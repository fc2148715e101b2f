/** restricted.* of projects: which devices and config keys are forbidden in a restricted one, as a table. */
import { posix } from 'node:path';
import { isTrue } from '../../api/config-keys/key.ts';
import { restrictionDefaults } from '../../api/config-keys/project.ts';
import { fail } from '../../api/errors.ts';
import { splitList } from '../instances/config.ts';
import type { ConfigMap, DevicesMap } from '../model.ts';
import type { GuestMount } from '../ports/engine.ts';

/** The value of `restricted.<name>`, or what it is when nobody says. */
type Rules = (name: string) => string;

/** An instance or a profile; `label` is what messages call its kind. */
export type Restricted = { label: string; name: string; config: ConfigMap; devices: DevicesMap };

export const isRestricted = (config: ConfigMap): boolean => isTrue(config.restricted);

export function restrictionOf(config: ConfigMap, name: string): string {
  const key = `restricted.${name}`;
  return config[key] ?? restrictionDefaults[key] ?? '';
}

/** Why an instance or profile may not be in a restricted project. */
export function restrictionRefusal(project: string, config: ConfigMap, entity: Restricted): string | undefined {
  const rules: Rules = (name) => restrictionOf(config, name);
  const whose = (what: string) => `${what} on ${entity.label} "${entity.name}" of project "${project}"`;
  for (const [key, value] of Object.entries(entity.config)) {
    const rule = key.startsWith('machine.') ? 'virtual-machines.lowlevel' : 'containers.lowlevel';
    if (rules(rule) !== 'allow' && isLowLevel(key)) return `Use of low-level config ${whose(`"${key}"`)} is forbidden`;
    const reason = configRules.find((row) => row.key.test(key))?.refuses(value, rules);
    if (reason) return `Invalid value ${whose(`"${value}" for config "${key}"`)}: ${reason}`;
  }
  for (const [name, device] of Object.entries(entity.devices)) {
    const reason = deviceRules[device.type ?? '']?.(device, rules);
    if (reason) return `Invalid device ${whose(`"${name}"`)}: ${reason}`;
  }
  return undefined;
}

const lowLevel = new Set([
  'boot.host_shutdown_action',
  'boot.host_shutdown_timeout',
  'linux.kernel_modules',
  'limits.memory.swap',
  'limits.memory.oom_priority',
  'security.guestapi.images',
  'security.idmap.base',
  'security.idmap.size',
]);
const isLowLevel = (key: string) =>
  lowLevel.has(key) || key.startsWith('raw.') || key.startsWith('machine.') || key.startsWith('security.bpffs');

/** The first row that fits a key decides. */
const configRules: readonly { key: RegExp; refuses(value: string, rules: Rules): string | undefined }[] = [
  {
    key: /^security\.nesting$/,
    refuses: (value, rules) =>
      rules('containers.nesting') !== 'allow' && isTrue(value) ? 'Container nesting is forbidden' : undefined,
  },
  {
    key: /^security\.privileged$/,
    refuses: (value, rules) =>
      rules('containers.privilege') !== 'allow' && isTrue(value) ? 'Privileged containers are forbidden' : undefined,
  },
  {
    key: /^security\.idmap\.isolated$/,
    refuses: (value, rules) =>
      rules('containers.privilege') === 'isolated' && !isTrue(value)
        ? 'Non-isolated containers are forbidden'
        : undefined,
  },
  {
    key: /^security\.syscalls\.intercept\./,
    refuses: (value, rules) =>
      rules('containers.interception') === 'block' && value !== '' && !/^(false|0|no|off)$/i.test(value)
        ? 'Container syscall interception is forbidden'
        : undefined,
  },
];

type DeviceRule = (device: ConfigMap, rules: Rules) => string | undefined;

const forbidden =
  (type: string, what: string): DeviceRule =>
  (_, rules) =>
    rules(`devices.${type}`) === 'allow' ? undefined : `${what} are forbidden`;

const deviceRules: Readonly<Record<string, DeviceRule>> = {
  disk(device, rules) {
    if (device.path === '/' && device.pool) return undefined;
    const rule = rules('devices.disk');
    if (rule === 'block') return 'Disk devices are forbidden';
    if (device.pool) return undefined;
    if (rule === 'managed') return 'Attaching disks not backed by a pool is forbidden';
    return isBelow(device.source ?? '', splitList(rules('devices.disk.paths')))
      ? undefined
      : `Disk source path "${device.source ?? ''}" not allowed`;
  },
  nic(device, rules) {
    const rule = rules('devices.nic');
    if (rule === 'block') return 'Network devices are forbidden';
    if (rule === 'managed' && !device.network) return 'Only managed network devices are allowed';
    const used = device.network || device.parent;
    const access = splitList(rules('networks.access'));
    return used && access.length > 0 && !access.includes(used) ? 'Network not allowed in project' : undefined;
  },
  gpu: forbidden('gpu', 'GPU devices'),
  infiniband: forbidden('infiniband', 'Infiniband devices'),
  pci: forbidden('pci', 'PCI devices'),
  proxy: forbidden('proxy', 'Proxy devices'),
  'unix-block': forbidden('unix-block', 'Unix block devices'),
  'unix-char': forbidden('unix-char', 'Unix character devices'),
  'unix-hotplug': forbidden('unix-hotplug', 'Unix hotplug devices'),
  usb: forbidden('usb', 'USB devices'),
};

/** By the words of the path; that no link leads out of there is `confinedMount`. */
export const isBelow = (source: string, directories: readonly string[]): boolean =>
  directories.length === 0 || directoryOf(source, directories) !== undefined;

function directoryOf(source: string, directories: readonly string[]): string | undefined {
  const asPlace = (path: string) => `${posix.normalize(path)}/`.replace(/\/+$/, '/');
  return directories.find((directory) => asPlace(source).startsWith(asPlace(directory)));
}

/** Where disks have to lie in certain directories of the host, no link below those leads out of them. */
export function confinedMount(config: ConfigMap, mount: GuestMount): GuestMount {
  const directories = isRestricted(config) ? splitList(config['restricted.devices.disk.paths']) : [];
  if (directories.length === 0 || mount.inside !== undefined || mount.memory) return mount;
  const inside = directoryOf(mount.source, directories);
  if (inside === undefined) fail('project.restricted', { reason: `Disk source path "${mount.source}" not allowed` });
  const source = posix.relative(inside, mount.source);
  return source === '' ? mount : { ...mount, source, inside };
}
