/** The messages on the control socket of a migration, as Incus and LXD define them (internal/migration/migrate.proto). */
import type { Message, Values } from '../lib/protobuf.ts';

export const fsTypes = { rsync: 0, btrfs: 1, zfs: 2, rbd: 3, blockAndRsync: 4 } as const;
export const criuTypes = { rsync: 0, phaul: 1, none: 2, vm: 3 } as const;

const idMap: Message = [
  { number: 1, name: 'isuid', kind: 'bool', required: true },
  { number: 2, name: 'isgid', kind: 'bool', required: true },
  { number: 3, name: 'hostid', kind: 'int', required: true },
  { number: 4, name: 'nsid', kind: 'int', required: true },
  { number: 5, name: 'maprange', kind: 'int', required: true },
];
const config: Message = [
  { number: 1, name: 'key', kind: 'string', required: true },
  { number: 2, name: 'value', kind: 'string', required: true },
];
const device: Message = [
  { number: 1, name: 'name', kind: 'string', required: true },
  { number: 2, name: 'config', kind: config, repeated: true },
];
const snapshot: Message = [
  { number: 1, name: 'name', kind: 'string', required: true },
  { number: 2, name: 'localConfig', kind: config, repeated: true },
  { number: 3, name: 'profiles', kind: 'string', repeated: true },
  { number: 4, name: 'ephemeral', kind: 'bool', required: true },
  { number: 5, name: 'localDevices', kind: device, repeated: true },
  { number: 6, name: 'architecture', kind: 'int', required: true },
  { number: 7, name: 'stateful', kind: 'bool', required: true },
  { number: 8, name: 'creation_date', kind: 'int' },
  { number: 9, name: 'last_used_date', kind: 'int' },
  { number: 10, name: 'expiry_date', kind: 'int' },
];
const rsyncFeatures: Message = [
  { number: 1, name: 'xattrs', kind: 'bool' },
  { number: 2, name: 'delete', kind: 'bool' },
  { number: 3, name: 'compress', kind: 'bool' },
  { number: 4, name: 'bidirectional', kind: 'bool' },
  // Ours: others skip what they do not know, and so never ask for it.
  { number: 1001, name: 'hard_links', kind: 'bool' },
  { number: 1002, name: 'acls', kind: 'bool' },
  { number: 1003, name: 'zstd', kind: 'bool' },
  { number: 1004, name: 'sparse_disks', kind: 'bool' },
  { number: 1005, name: 'live_machine', kind: 'bool' },
];

export const migrationHeader: Message = [
  { number: 1, name: 'fs', kind: 'int', required: true },
  { number: 2, name: 'criu', kind: 'int' },
  { number: 3, name: 'idmap', kind: idMap, repeated: true },
  { number: 4, name: 'snapshotNames', kind: 'string', repeated: true },
  { number: 5, name: 'snapshots', kind: snapshot, repeated: true },
  { number: 7, name: 'predump', kind: 'bool' },
  { number: 8, name: 'rsyncFeatures', kind: rsyncFeatures },
  { number: 9, name: 'refresh', kind: 'bool' },
  { number: 11, name: 'volumeSize', kind: 'int' },
  { number: 13, name: 'indexHeaderVersion', kind: 'int' },
];

export const migrationControl: Message = [
  { number: 1, name: 'success', kind: 'bool', required: true },
  { number: 2, name: 'message', kind: 'string' },
];

export type IdMapMessage = { isuid: boolean; isgid: boolean; hostid: number; nsid: number; maprange: number };
export type ConfigMessage = { key: string; value: string };
export type SnapshotMessage = {
  name: string;
  localConfig?: ConfigMessage[];
  profiles?: string[];
  ephemeral: boolean;
  localDevices?: { name: string; config?: ConfigMessage[] }[];
  architecture: number;
  stateful: boolean;
  creation_date?: number;
  last_used_date?: number;
  expiry_date?: number;
};
export type FeatureName =
  | 'xattrs'
  | 'delete'
  | 'compress'
  | 'bidirectional'
  | 'hard_links'
  | 'acls'
  | 'zstd'
  | 'sparse_disks'
  | 'live_machine';
export type FeatureMessage = { [name in FeatureName]?: boolean };
export type HeaderMessage = Values & {
  fs: number;
  criu?: number;
  idmap?: IdMapMessage[];
  snapshotNames?: string[];
  snapshots?: SnapshotMessage[];
  predump?: boolean;
  rsyncFeatures?: FeatureMessage;
  refresh?: boolean;
  volumeSize?: number;
  indexHeaderVersion?: number;
};
export type ControlMessage = { success: boolean; message?: string };
