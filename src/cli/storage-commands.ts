/** Commands of storage pools and volumes: a part of the table in commands.ts. */
import type { CommandEntry } from './command-entry.ts';

export const storageCommands: readonly CommandEntry[] = [
  {
    name: 'storage list',
    aliases: ['storage ls'],
    load: async () => (await import('./commands/storage/list.ts')).storageList,
  },
  { name: 'storage show', load: async () => (await import('./commands/storage/keys.ts')).storageKeys.show },
  { name: 'storage info', load: async () => (await import('./commands/storage/info.ts')).storageInfo },
  { name: 'storage create', load: async () => (await import('./commands/storage/create.ts')).storageCreate },
  {
    name: 'storage delete',
    aliases: ['storage rm'],
    load: async () => (await import('./commands/storage/delete.ts')).storageDelete,
  },
  { name: 'storage get', load: async () => (await import('./commands/storage/keys.ts')).storageKeys.get },
  { name: 'storage set', load: async () => (await import('./commands/storage/keys.ts')).storageKeys.set },
  { name: 'storage unset', load: async () => (await import('./commands/storage/keys.ts')).storageKeys.unset },
  { name: 'storage edit', load: async () => (await import('./commands/storage/keys.ts')).storageKeys.edit },
  {
    name: 'storage volume list',
    aliases: ['storage volume ls'],
    load: async () => (await import('./commands/volume/list.ts')).volumeList,
  },
  { name: 'storage volume show', load: async () => (await import('./commands/volume/keys.ts')).volumeKeys.show },
  { name: 'storage volume info', load: async () => (await import('./commands/volume/info.ts')).volumeInfo },
  { name: 'storage volume create', load: async () => (await import('./commands/volume/create.ts')).volumeCreate },
  { name: 'storage volume get', load: async () => (await import('./commands/volume/keys.ts')).volumeKeys.get },
  { name: 'storage volume set', load: async () => (await import('./commands/volume/keys.ts')).volumeKeys.set },
  { name: 'storage volume unset', load: async () => (await import('./commands/volume/keys.ts')).volumeKeys.unset },
  { name: 'storage volume edit', load: async () => (await import('./commands/volume/keys.ts')).volumeKeys.edit },
  { name: 'storage volume rename', load: async () => (await import('./commands/volume/rename.ts')).volumeRename },
  {
    name: 'storage volume copy',
    aliases: ['storage volume cp'],
    load: async () => (await import('./commands/volume/copy.ts')).volumeCopy,
  },
  {
    name: 'storage volume move',
    aliases: ['storage volume mv'],
    load: async () => (await import('./commands/volume/move.ts')).volumeMove,
  },
  {
    name: 'storage volume delete',
    aliases: ['storage volume rm'],
    load: async () => (await import('./commands/volume/delete.ts')).volumeDelete,
  },
  { name: 'storage volume attach', load: async () => (await import('./commands/volume/attach.ts')).volumeAttach },
  { name: 'storage volume detach', load: async () => (await import('./commands/volume/detach.ts')).volumeDetach },
  {
    name: 'storage volume attach-profile',
    load: async () => (await import('./commands/volume/attach-profile.ts')).volumeAttachProfile,
  },
  {
    name: 'storage volume detach-profile',
    load: async () => (await import('./commands/volume/detach-profile.ts')).volumeDetachProfile,
  },
  { name: 'storage volume export', load: async () => (await import('./commands/volume/export.ts')).volumeExport },
  { name: 'storage volume import', load: async () => (await import('./commands/volume/import.ts')).volumeImport },
  {
    name: 'storage volume snapshot list',
    aliases: ['storage volume snapshot ls'],
    load: async () => (await import('./commands/volume/snapshot-list.ts')).volumeSnapshotList,
  },
  {
    name: 'storage volume snapshot show',
    load: async () => (await import('./commands/volume/snapshot-show.ts')).volumeSnapshotShow,
  },
  {
    name: 'storage volume snapshot create',
    load: async () => (await import('./commands/volume/snapshot-create.ts')).volumeSnapshotCreate,
  },
  {
    name: 'storage volume snapshot rename',
    load: async () => (await import('./commands/volume/snapshot-rename.ts')).volumeSnapshotRename,
  },
  {
    name: 'storage volume snapshot delete',
    aliases: ['storage volume snapshot rm'],
    load: async () => (await import('./commands/volume/snapshot-delete.ts')).volumeSnapshotDelete,
  },
  {
    name: 'storage volume snapshot restore',
    load: async () => (await import('./commands/volume/snapshot-restore.ts')).volumeSnapshotRestore,
  },
];
