/** Config keys of projects: which features are their own, what they may use, and what is forbidden in them. */
import type { KeyRow, KeyTable } from './key.ts';

const feature = (name: string, things: string, initially: 'true' | 'false'): KeyRow => ({
  key: `features.${name}`,
  type: 'bool',
  doc: `The project has ${things} of its own; otherwise it uses those of the default project. A new project begins with ${initially}.`,
  default: 'false',
});

const count = (key: string, things: string): KeyRow => ({
  key,
  type: 'integer',
  doc: `How many ${things} the project may have.`,
  min: 0,
  max: 4_294_967_295,
});

const restriction = (key: string, what: string, values: readonly string[], otherwise: string): KeyRow => ({
  key: `restricted.${key}`,
  type: 'string',
  doc: what,
  default: otherwise,
  values,
});
const allowed = (key: string, what: string) => restriction(key, what, ['allow', 'block'], 'block');

const compressions = ['none', 'gzip', 'bzip2', 'lz4', 'lzma', 'xz', 'zstd'];

export const projectKeys: KeyTable = [
  feature('images', 'images and aliases', 'true'),
  feature('profiles', 'profiles', 'true'),
  feature('storage.volumes', 'custom volumes', 'true'),
  feature('storage.buckets', 'storage buckets', 'true'),
  feature('networks', 'networks', 'false'),
  feature('networks.zones', 'network zones', 'false'),
  count('limits.instances', 'guests'),
  count('limits.containers', 'containers'),
  count('limits.virtual-machines', 'virtual machines'),
  count('limits.networks', 'networks'),
  {
    ...count('limits.cpu', ''),
    doc: 'Most CPUs that limits.cpu of its guests may have together; each needs that key.',
  },
  {
    ...count('limits.processes', ''),
    doc: 'Most processes that limits.processes of its guests may have together; each needs that key.',
  },
  {
    key: 'limits.memory',
    type: 'bytes',
    doc: 'Most memory that limits.memory of its guests may have together; each needs that key, as a size.',
  },
  {
    key: 'limits.disk',
    type: 'bytes',
    doc: 'Most disk space that the sizes of its guests’ root disks and of its volumes may have together; each needs a size.',
  },
  { key: 'limits.disk.pool.*', type: 'string', doc: 'The same for one storage pool. 0 hides the pool.' },
  { key: 'restricted', type: 'bool', doc: 'The keys restricted.* take effect.', default: 'false' },
  allowed('backups', 'Backups of guests and volumes may be made.'),
  allowed('snapshots', 'Snapshots of guests and volumes may be made.'),
  allowed('containers.nesting', 'security.nesting may be switched on.'),
  allowed('containers.lowlevel', 'Low-level keys like raw.* and boot.host_shutdown_timeout may be set.'),
  restriction(
    'containers.interception',
    'security.syscalls.intercept.* may be switched on.',
    ['allow', 'block', 'full'],
    'block',
  ),
  restriction(
    'containers.privilege',
    'unprivileged forbids security.privileged; isolated wants security.idmap.isolated too.',
    ['unprivileged', 'isolated', 'allow'],
    'unprivileged',
  ),
  allowed('virtual-machines.lowlevel', 'Low-level keys of virtual machines may be set.'),
  restriction(
    'devices.disk',
    'managed wants pool= at each disk, block forbids all but the root disk.',
    ['allow', 'block', 'managed'],
    'managed',
  ),
  {
    key: 'restricted.devices.disk.paths',
    type: 'list',
    doc: 'With restricted.devices.disk=allow: directories that sources of disks have to lie in, separated by commas.',
  },
  restriction(
    'devices.nic',
    'managed wants network= at each card, block forbids all cards.',
    ['allow', 'block', 'managed'],
    'managed',
  ),
  allowed('devices.gpu', 'Devices of type gpu may be used.'),
  allowed('devices.infiniband', 'Devices of type infiniband may be used.'),
  allowed('devices.pci', 'Devices of type pci may be used.'),
  allowed('devices.proxy', 'Devices of type proxy may be used.'),
  allowed('devices.unix-block', 'Devices of type unix-block may be used.'),
  allowed('devices.unix-char', 'Devices of type unix-char may be used.'),
  allowed('devices.unix-hotplug', 'Devices of type unix-hotplug may be used.'),
  allowed('devices.usb', 'Devices of type usb may be used.'),
  { key: 'restricted.networks.access', type: 'list', doc: 'The networks that guests may use; all when it is unset.' },
  {
    key: 'restricted.images.servers',
    type: 'list',
    doc: 'Hosts of the image servers that images may come from; all when it is unset.',
  },
  {
    key: 'backups.compression_algorithm',
    type: 'string',
    doc: 'Compression of backups; that of the server when it is unset.',
    values: compressions,
  },
  {
    key: 'images.compression_algorithm',
    type: 'string',
    doc: 'Compression of published images; that of the server when it is unset.',
    values: compressions,
  },
  { key: 'images.auto_update_cached', type: 'bool', doc: 'Cached images are updated by themselves.' },
  { key: 'images.auto_update_interval', type: 'integer', doc: 'Hours between updates of images; 0 for none.', min: 0 },
  {
    key: 'images.remote_cache_expiry',
    type: 'integer',
    doc: 'Days after which a cached image that nobody used goes.',
    min: 0,
  },
  { key: 'images.default_architecture', type: 'string', doc: 'Architecture of images when none is named.' },
  { key: 'user.*', type: 'string', doc: 'Free text for the user.' },
];

/** What a restriction is when the project is restricted and says nothing. */
export const restrictionDefaults: Readonly<Record<string, string>> = Object.fromEntries(
  projectKeys
    .filter((row) => row.key.startsWith('restricted.') && row.default !== undefined)
    .map((row) => [row.key, row.default ?? '']),
);
