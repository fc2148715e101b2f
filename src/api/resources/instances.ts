/** Instances: schemas of the guests themselves. Their routes are in `instance-routes.ts`. */
import { type Static, Type } from 'typebox';
import { Body, ConfigMap, DevicesMap, Loose, LooseConfigMap, LooseDevicesMap, Time } from '../schema.ts';

const Address = Type.Object({
  family: Type.String(),
  address: Type.String(),
  netmask: Type.String(),
  scope: Type.String(),
});
export const InstanceStateNetwork = Type.Object({
  addresses: Type.Array(Address),
  counters: Type.Object({
    bytes_received: Type.Integer(),
    bytes_sent: Type.Integer(),
    packets_received: Type.Integer(),
    packets_sent: Type.Integer(),
    errors_received: Type.Integer(),
    errors_sent: Type.Integer(),
    packets_dropped_outbound: Type.Integer(),
    packets_dropped_inbound: Type.Integer(),
  }),
  hwaddr: Type.String(),
  host_name: Type.String(),
  mtu: Type.Integer(),
  state: Type.String(),
  type: Type.String(),
});
export const InstanceState = Type.Object({
  status: Type.String(),
  status_code: Type.Integer(),
  disk: Type.Record(Type.String(), Type.Object({ usage: Type.Integer(), total: Type.Integer() })),
  memory: Type.Object({
    usage: Type.Integer(),
    usage_peak: Type.Integer(),
    total: Type.Integer(),
    swap_usage: Type.Integer(),
    swap_usage_peak: Type.Integer(),
  }),
  network: Type.Union([Type.Record(Type.String(), InstanceStateNetwork), Type.Null()]),
  pid: Type.Integer(),
  processes: Type.Integer(),
  cpu: Type.Object({ usage: Type.Integer(), allocated_time: Type.Integer() }),
  started_at: Time,
  os_info: Type.Union([
    Type.Object({
      os: Type.String(),
      os_version: Type.String(),
      kernel_version: Type.String(),
      hostname: Type.String(),
      fqdn: Type.String(),
    }),
    Type.Null(),
  ]),
});
export type InstanceState = Static<typeof InstanceState>;
export type InstanceStateNetwork = Static<typeof InstanceStateNetwork>;

export const InstanceSnapshot = Type.Object({
  name: Type.String(),
  architecture: Type.String(),
  config: ConfigMap,
  devices: DevicesMap,
  ephemeral: Type.Boolean(),
  profiles: Type.Array(Type.String()),
  expanded_config: Type.Optional(ConfigMap),
  expanded_devices: Type.Optional(DevicesMap),
  created_at: Time,
  last_used_at: Time,
  expires_at: Time,
  stateful: Type.Boolean(),
  size: Type.Integer(),
  description: Type.Optional(Type.String()),
});
export type InstanceSnapshot = Static<typeof InstanceSnapshot>;

export const InstanceBackup = Type.Object({
  name: Type.String(),
  created_at: Time,
  expires_at: Time,
  instance_only: Type.Boolean(),
  container_only: Type.Boolean({ description: 'the same under the name that LXD gave it first' }),
  optimized_storage: Type.Boolean(),
});
export type InstanceBackup = Static<typeof InstanceBackup>;

const shown = {
  name: Type.String(),
  description: Type.String(),
  status: Type.String(),
  status_code: Type.Integer(),
  created_at: Time,
  last_used_at: Time,
  location: Type.String(),
  type: Type.String(),
  project: Type.String(),
  architecture: Type.String(),
  ephemeral: Type.Boolean(),
  stateful: Type.Boolean(),
  profiles: Type.Array(Type.String()),
  config: ConfigMap,
  devices: DevicesMap,
  expanded_config: ConfigMap,
  expanded_devices: DevicesMap,
  emulated: Type.Optional(Type.String({ description: 'of a virtual machine that is slow: why it is emulated' })),
  last_end: Type.Optional(
    Type.String({ description: 'how it ended last: halted, rebooting, oom, unknown, killed SIGNAL or crashed CODE' }),
  ),
};
export const Instance = Type.Object(shown);
export type Instance = Static<typeof Instance>;
export const InstanceFull = Type.Object({
  ...shown,
  backups: Type.Union([Type.Array(InstanceBackup), Type.Null()]),
  state: Type.Union([InstanceState, Type.Null()]),
  snapshots: Type.Union([Type.Array(InstanceSnapshot), Type.Null()]),
});
export type InstanceFull = Static<typeof InstanceFull>;

const editable = {
  architecture: Type.Optional(Type.String()),
  config: Loose(LooseConfigMap),
  devices: Loose(LooseDevicesMap),
  ephemeral: Type.Optional(Type.Boolean()),
  profiles: Loose(Type.Array(Type.String())),
  stateful: Type.Optional(Type.Boolean()),
  description: Type.Optional(Type.String()),
  disk_only: Type.Optional(Type.Boolean()),
};
const ignored = Object.fromEntries(
  [
    'name',
    'status',
    'status_code',
    'created_at',
    'last_used_at',
    'location',
    'type',
    'project',
    'expanded_config',
    'expanded_devices',
    'last_end',
    'state',
    'snapshots',
    'backups',
  ].map((key) => [key, Type.Optional(Type.Unknown())]),
);
export const InstancePut = Body({
  ...editable,
  ...(ignored as Record<never, never>),
  restore: Loose(Type.String()),
  stateful: Type.Optional(Type.Boolean({ description: 'with restore: with the memory of the snapshot' })),
});
export type InstancePut = Static<typeof InstancePut>;

export const InstanceSource = Body({
  type: Type.Optional(Type.String({ description: 'image, copy, none or migration' })),
  certificate: Type.Optional(Type.String()),
  alias: Type.Optional(Type.String()),
  fingerprint: Type.Optional(Type.String()),
  properties: Loose(ConfigMap),
  server: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
  protocol: Type.Optional(Type.String()),
  'base-image': Type.Optional(Type.String()),
  mode: Type.Optional(Type.String()),
  operation: Type.Optional(Type.String()),
  secrets: Loose(ConfigMap),
  source: Type.Optional(Type.String()),
  live: Type.Optional(Type.Boolean()),
  instance_only: Type.Optional(Type.Boolean()),
  container_only: Type.Optional(Type.Boolean()),
  refresh: Type.Optional(Type.Boolean()),
  refresh_exclude_older: Type.Optional(Type.Boolean()),
  project: Type.Optional(Type.String()),
  allow_inconsistent: Type.Optional(Type.Boolean()),
});
export const InstancesPost = Body({
  ...editable,
  restore: Loose(Type.String()),
  name: Type.Optional(Type.String()),
  source: Loose(InstanceSource),
  instance_type: Type.Optional(Type.String()),
  type: Type.Optional(Type.String()),
  start: Type.Optional(Type.Boolean()),
});
export type InstancesPost = Static<typeof InstancesPost>;

/** The operation of another server that waits for this one. */
export const InstancePostTarget = Body({
  certificate: Type.Optional(Type.String()),
  operation: Type.Optional(Type.String()),
  secrets: Loose(ConfigMap),
});
export const InstancePost = Body({
  name: Type.Optional(Type.String()),
  migration: Type.Optional(Type.Boolean()),
  live: Type.Optional(Type.Boolean()),
  instance_only: Type.Optional(Type.Boolean()),
  container_only: Type.Optional(Type.Boolean()),
  target: Loose(InstancePostTarget),
  pool: Type.Optional(Type.String()),
  project: Type.Optional(Type.String()),
  allow_inconsistent: Type.Optional(Type.Boolean()),
  refresh: Type.Optional(Type.Boolean()),
  Config: Loose(LooseConfigMap),
  Devices: Loose(LooseDevicesMap),
  Profiles: Loose(Type.Array(Type.String())),
});
export type InstancePost = Static<typeof InstancePost>;
export const InstanceStatePut = Body({
  action: Type.String({ description: 'start, stop, restart, freeze or unfreeze' }),
  timeout: Type.Optional(Type.Integer({ minimum: -1, description: 'seconds to wait for a graceful end; -1 for ever' })),
  force: Type.Optional(Type.Boolean()),
  stateful: Type.Optional(Type.Boolean()),
});
export type InstanceStatePut = Static<typeof InstanceStatePut>;

export const InstanceSnapshotsPost = Body({
  name: Type.Optional(Type.String()),
  stateful: Type.Optional(Type.Boolean()),
  expires_at: Loose(Type.String()),
  description: Type.Optional(Type.String()),
});
export const InstanceBackupsPost = Body({
  name: Type.Optional(Type.String()),
  expires_at: Loose(Type.String()),
  instance_only: Type.Optional(Type.Boolean()),
  container_only: Type.Optional(Type.Boolean()),
  optimized_storage: Type.Optional(Type.Boolean({ description: 'accepted; backups always are plain tarballs' })),
  compression_algorithm: Type.Optional(Type.String()),
});
export type InstanceBackupsPost = Static<typeof InstanceBackupsPost>;
export const InstanceSnapshotPut = Body({
  expires_at: Loose(Type.String()),
  description: Type.Optional(Type.String()),
  ...(Object.fromEntries(
    Object.keys(InstanceSnapshot.properties)
      .filter((key) => key !== 'expires_at' && key !== 'description')
      .map((key) => [key, Type.Optional(Type.Unknown())]),
  ) as Record<never, never>),
});
/** A guest has 65536 ids. */
const GuestId = Type.Integer({ minimum: 0, maximum: 65_535 });
/** Columns or rows of a terminal; 0 is the default. */
const TerminalSize = Type.Integer({ minimum: 0, maximum: 10_000 });
export const InstanceExecPost = Body({
  command: Type.Array(Type.String()),
  'wait-for-websocket': Type.Optional(Type.Boolean()),
  interactive: Type.Optional(Type.Boolean()),
  environment: Loose(ConfigMap),
  width: Loose(TerminalSize),
  height: Loose(TerminalSize),
  'record-output': Type.Optional(Type.Boolean()),
  user: Loose(GuestId),
  group: Loose(GuestId),
  cwd: Loose(Type.String()),
});
export type InstanceExecPost = Static<typeof InstanceExecPost>;
export const InstanceConsolePost = Body({
  width: Loose(TerminalSize),
  height: Loose(TerminalSize),
  type: Type.Optional(
    Type.String({ description: 'console (default), vga (SPICE), or vnc (extension instance_screen)' }),
  ),
  force: Type.Optional(Type.Boolean()),
});
export type InstanceConsolePost = Static<typeof InstanceConsolePost>;
export const InstanceKeysPost = Body({
  keys: Type.Array(Type.String({ maxLength: 64 }), {
    minItems: 1,
    maxItems: 64,
    description: 'pressed one after the other; keys joined by "-" together: ctrl-alt-f1, shift-a, enter',
  }),
});
export type InstanceKeysPost = Static<typeof InstanceKeysPost>;

export const InstancePasswordPost = Body({
  user: Type.String({ minLength: 1, maxLength: 256 }),
  password: Type.String({ minLength: 1, maxLength: 1024 }),
});
export type InstancePasswordPost = Static<typeof InstancePasswordPost>;

export const InstanceProcess = Type.Object({
  pid: Type.Integer(),
  host_pid: Type.Integer(),
  uid: Type.Integer(),
  command: Type.String(),
  memory: Type.Integer(),
});
