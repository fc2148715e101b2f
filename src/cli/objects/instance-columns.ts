/** The columns of `gast list`: letters as in Incus, or keys of the config and of devices. Pure. */
import type { InstanceFull } from '../../api/resources/instances.ts';
import { usageError } from '../cli-error.ts';
import type { Column } from '../output/print-rows.ts';
import { cutText } from '../output/text-width.ts';
import { formatBytes, formatTime } from '../output/units.ts';

export const defaultColumns = 'ns46tS';

/** `live` columns need the state of each guest. */
type ListColumn = Column<InstanceFull> & { live?: true };

const addresses = (family: 'inet' | 'inet6') => (instance: InstanceFull) =>
  globalAddresses(instance, family)
    .map(({ address, nic }) => `${address} (${nic})`)
    .join('\n');

export function globalAddresses(instance: InstanceFull, family: 'inet' | 'inet6'): { address: string; nic: string }[] {
  return Object.entries(instance.state?.network ?? {})
    .filter(([nic]) => nic !== 'lo')
    .flatMap(([nic, { addresses }]) =>
      addresses
        .filter((one) => one.family === family && one.scope === 'global')
        .map(({ address }) => ({ address, nic })),
    );
}

const typeOf = ({ type, ephemeral }: InstanceFull) => {
  const word = type === 'virtual-machine' ? 'VIRTUAL-MACHINE' : type.toUpperCase();
  return ephemeral ? `${word} (EPHEMERAL)` : word;
};
const memoryPercent = ({ state }: InstanceFull) =>
  state && state.memory.total > 0 ? `${((state.memory.usage / state.memory.total) * 100).toFixed(1)}%` : '';
const rootPool = (instance: InstanceFull) =>
  Object.values(instance.expanded_devices).find((device) => device.type === 'disk' && device.path === '/')?.pool ?? '';
const baseImage = (instance: InstanceFull) => instance.config['volatile.base_image'] ?? '';
const running = (instance: InstanceFull) => instance.state !== null && instance.state.pid > 0;

const letters: Readonly<Record<string, ListColumn>> = {
  '4': { header: 'IPV4', value: addresses('inet'), live: true },
  '6': { header: 'IPV6', value: addresses('inet6'), live: true },
  a: { header: 'ARCHITECTURE', value: (instance) => instance.architecture },
  A: { header: 'EMULATED', value: ({ emulated }) => (emulated === undefined ? '' : 'SLOW') },
  b: { header: 'STORAGE POOL', value: rootPool },
  c: { header: 'CREATED AT', value: (instance) => formatTime(instance.created_at) },
  d: { header: 'DESCRIPTION', value: (instance) => instance.description },
  D: {
    header: 'DISK USAGE',
    value: ({ state }) => (state?.disk.root ? formatBytes(state.disk.root.usage) : ''),
    live: true,
  },
  e: { header: 'PROJECT', value: (instance) => instance.project },
  f: { header: 'BASE IMAGE', value: (instance) => baseImage(instance).slice(0, 12) },
  F: { header: 'BASE IMAGE', value: baseImage },
  l: { header: 'LAST USED AT', value: (instance) => formatTime(instance.last_used_at) },
  L: { header: 'LOCATION', value: (instance) => instance.location },
  m: {
    header: 'MEMORY USAGE',
    value: (one) => (running(one) ? formatBytes(one.state?.memory.usage ?? 0) : ''),
    live: true,
  },
  M: { header: 'MEMORY USAGE%', value: memoryPercent, live: true },
  n: { header: 'NAME', value: (instance) => instance.name },
  N: { header: 'PROCESSES', value: (one) => (running(one) ? String(one.state?.processes ?? 0) : ''), live: true },
  p: { header: 'PID', value: (one) => (running(one) ? String(one.state?.pid) : ''), live: true },
  P: { header: 'PROFILES', value: (instance) => instance.profiles.join('\n') },
  s: { header: 'STATE', value: (instance) => instance.status.toUpperCase() },
  S: { header: 'SNAPSHOTS', value: (instance) => String(instance.snapshots?.length ?? 0), live: true },
  t: { header: 'TYPE', value: typeOf },
  u: {
    header: 'CPU USAGE',
    value: (one) => (running(one) ? `${Math.round((one.state?.cpu.usage ?? 0) / 1e9)}s` : ''),
    live: true,
  },
  U: {
    header: 'STARTED AT',
    value: (one) => (running(one) ? formatTime(one.state?.started_at ?? '') : ''),
    live: true,
  },
};
export const columnLetters = Object.entries(letters).map(([letter, { header }]) => ({ letter, header }));

/** `ns46tS`, `n,limits.memory:MEMORY:10,s` or `devices:eth0.parent`. */
export function parseColumns(spec: string): ListColumn[] {
  return spec.split(',').flatMap((part) => {
    if (part === '') throw usageError(`Empty column in "${spec}"`, 'gast list --help');
    return /[.:]/.test(part) ? [keyColumn(part)] : [...part].map(letterColumn);
  });
}

function letterColumn(letter: string): ListColumn {
  const column = letters[letter];
  if (column) return column;
  throw usageError(
    `Unknown column "${letter}"`,
    `one or more of ${Object.keys(letters).join('')}, or a key like limits.memory`,
  );
}

/** `[config:|devices:]key[:HEADER[:width]]`; an empty header takes the key, width 0 means no limit. */
function keyColumn(part: string): ListColumn {
  const fromDevices = part.startsWith('devices:');
  const [key = '', header, width] = part.replace(/^(config|devices):/, '').split(':');
  const limit = Number(width ?? 0);
  if (!Number.isInteger(limit) || limit < 0)
    throw usageError(`"${width}" in column "${part}" is no width`, 'a number of characters');
  const value = fromDevices ? deviceValue(key) : (instance: InstanceFull) => instance.expanded_config[key] ?? '';
  return {
    header: header || key.toUpperCase(),
    value: (instance) => (limit > 0 ? cutText(value(instance), limit) : value(instance)),
  };
}

function deviceValue(key: string) {
  const [device = '', ...rest] = key.split('.');
  return (instance: InstanceFull) => instance.expanded_devices[device]?.[rest.join('.')] ?? '';
}
