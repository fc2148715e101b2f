/**
 * The table of all commands, in the order in which help shows them. Each is loaded when it is called: reading all of them
 * would cost every call 15 ms. A test holds names and aliases against the literals.
 */
import type { CommandEntry } from './command-entry.ts';
import { networkCommands } from './network-commands.ts';
import { serverCommands } from './server-commands.ts';
import { storageCommands } from './storage-commands.ts';

export type { CommandEntry };

export const commands: readonly CommandEntry[] = [
  { name: 'launch', load: async () => (await import('./commands/instance/launch.ts')).launch },
  { name: 'init', aliases: ['create'], load: async () => (await import('./commands/instance/init.ts')).init },
  { name: 'list', aliases: ['ls'], load: async () => (await import('./commands/instance/list.ts')).list },
  { name: 'info', load: async () => (await import('./commands/instance/info.ts')).info },
  { name: 'top', load: async () => (await import('./commands/server/top.ts')).top },
  { name: 'start', load: async () => (await import('./commands/instance/start.ts')).start },
  { name: 'stop', load: async () => (await import('./commands/instance/stop.ts')).stop },
  { name: 'restart', load: async () => (await import('./commands/instance/restart.ts')).restart },
  { name: 'pause', load: async () => (await import('./commands/instance/pause.ts')).pause },
  { name: 'resume', load: async () => (await import('./commands/instance/resume.ts')).resume },
  { name: 'wait', load: async () => (await import('./commands/instance/wait.ts')).wait },
  { name: 'rename', load: async () => (await import('./commands/instance/rename.ts')).rename },
  { name: 'delete', aliases: ['rm'], load: async () => (await import('./commands/instance/delete.ts')).deleteInstance },
  { name: 'exec', load: async () => (await import('./commands/instance/exec.ts')).exec },
  { name: 'shell', load: async () => (await import('./commands/instance/shell.ts')).shell },
  { name: 'console', load: async () => (await import('./commands/instance/console.ts')).consoleCommand },
  { name: 'screenshot', load: async () => (await import('./commands/instance/screenshot.ts')).screenshot },
  { name: 'send-key', load: async () => (await import('./commands/instance/send-key.ts')).sendKey },
  { name: 'password', load: async () => (await import('./commands/instance/password.ts')).password },
  { name: 'forward', load: async () => (await import('./commands/instance/forward.ts')).forward },
  { name: 'ssh', load: async () => (await import('./commands/instance/ssh.ts')).ssh },
  { name: 'socks', load: async () => (await import('./commands/instance/socks.ts')).socks },
  { name: 'copy', aliases: ['cp'], load: async () => (await import('./commands/instance/copy.ts')).copy },
  { name: 'move', aliases: ['mv'], load: async () => (await import('./commands/instance/move.ts')).move },
  { name: 'export', load: async () => (await import('./commands/instance/export.ts')).exportInstance },
  { name: 'import', load: async () => (await import('./commands/instance/import.ts')).importInstance },
  { name: 'publish', load: async () => (await import('./commands/instance/publish.ts')).publish },
  { name: 'rebuild', load: async () => (await import('./commands/instance/rebuild.ts')).rebuild },
  { name: 'file create', load: async () => (await import('./commands/file/create.ts')).fileCreate },
  { name: 'file edit', load: async () => (await import('./commands/file/edit.ts')).fileEdit },
  {
    name: 'file delete',
    aliases: ['file rm'],
    load: async () => (await import('./commands/file/delete.ts')).fileDelete,
  },
  { name: 'file push', load: async () => (await import('./commands/file/push.ts')).filePush },
  { name: 'file pull', load: async () => (await import('./commands/file/pull.ts')).filePull },
  {
    name: 'snapshot list',
    aliases: ['snapshot ls'],
    load: async () => (await import('./commands/snapshot/list.ts')).snapshotList,
  },
  { name: 'snapshot show', load: async () => (await import('./commands/snapshot/show.ts')).snapshotShow },
  { name: 'snapshot create', load: async () => (await import('./commands/snapshot/create.ts')).snapshotCreate },
  { name: 'snapshot rename', load: async () => (await import('./commands/snapshot/rename.ts')).snapshotRename },
  {
    name: 'snapshot delete',
    aliases: ['snapshot rm'],
    load: async () => (await import('./commands/snapshot/delete.ts')).snapshotDelete,
  },
  { name: 'snapshot restore', load: async () => (await import('./commands/snapshot/restore.ts')).snapshotRestore },
  { name: 'image list', aliases: ['image ls'], load: async () => (await import('./commands/image/list.ts')).imageList },
  { name: 'image copy', aliases: ['image cp'], load: async () => (await import('./commands/image/copy.ts')).imageCopy },
  { name: 'image refresh', load: async () => (await import('./commands/image/refresh.ts')).imageRefresh },
  { name: 'image show', load: async () => (await import('./commands/image/show.ts')).imageShow },
  { name: 'image info', load: async () => (await import('./commands/image/info.ts')).imageInfo },
  { name: 'image edit', load: async () => (await import('./commands/image/edit.ts')).imageEdit },
  {
    name: 'image delete',
    aliases: ['image rm'],
    load: async () => (await import('./commands/image/delete.ts')).imageDelete,
  },
  { name: 'image build', load: async () => (await import('./commands/image/build.ts')).imageBuild },
  { name: 'image import', load: async () => (await import('./commands/image/import.ts')).imageImport },
  { name: 'image export', load: async () => (await import('./commands/image/export.ts')).imageExport },
  { name: 'image alias create', load: async () => (await import('./commands/image/alias-create.ts')).imageAliasCreate },
  {
    name: 'image alias delete',
    aliases: ['image alias rm'],
    load: async () => (await import('./commands/image/alias-delete.ts')).imageAliasDelete,
  },
  {
    name: 'image alias list',
    aliases: ['image alias ls'],
    load: async () => (await import('./commands/image/alias-list.ts')).imageAliasList,
  },
  { name: 'image alias rename', load: async () => (await import('./commands/image/alias-rename.ts')).imageAliasRename },
  { name: 'image get-property', load: async () => (await import('./commands/image/get-property.ts')).imageGetProperty },
  { name: 'image set-property', load: async () => (await import('./commands/image/set-property.ts')).imageSetProperty },
  {
    name: 'image unset-property',
    load: async () => (await import('./commands/image/unset-property.ts')).imageUnsetProperty,
  },
  { name: 'config show', load: async () => (await import('./commands/config/show.ts')).configShow },
  { name: 'config get', load: async () => (await import('./commands/config/get.ts')).configGet },
  { name: 'config set', load: async () => (await import('./commands/config/set.ts')).configSet },
  { name: 'config unset', load: async () => (await import('./commands/config/unset.ts')).configUnset },
  { name: 'config edit', load: async () => (await import('./commands/config/edit.ts')).configEdit },
  {
    name: 'config metadata show',
    load: async () => (await import('./commands/config/metadata-show.ts')).configMetadataShow,
  },
  {
    name: 'config metadata edit',
    load: async () => (await import('./commands/config/metadata-edit.ts')).configMetadataEdit,
  },
  {
    name: 'config template list',
    aliases: ['config template ls'],
    load: async () => (await import('./commands/config/template-list.ts')).configTemplateList,
  },
  {
    name: 'config template show',
    load: async () => (await import('./commands/config/template-show.ts')).configTemplateShow,
  },
  {
    name: 'config template create',
    load: async () => (await import('./commands/config/template-create.ts')).configTemplateCreate,
  },
  {
    name: 'config template edit',
    load: async () => (await import('./commands/config/template-edit.ts')).configTemplateEdit,
  },
  {
    name: 'config template delete',
    aliases: ['config template rm'],
    load: async () => (await import('./commands/config/template-delete.ts')).configTemplateDelete,
  },
  { name: 'config device add', load: async () => (await import('./commands/config/devices.ts')).configDevices.add },
  { name: 'config device get', load: async () => (await import('./commands/config/devices.ts')).configDevices.get },
  { name: 'config device list', load: async () => (await import('./commands/config/devices.ts')).configDevices.list },
  {
    name: 'config device override',
    load: async () => (await import('./commands/config/device-override.ts')).configDeviceOverride,
  },
  {
    name: 'config device remove',
    aliases: ['config device rm'],
    load: async () => (await import('./commands/config/devices.ts')).configDevices.remove,
  },
  { name: 'config device set', load: async () => (await import('./commands/config/devices.ts')).configDevices.set },
  { name: 'config device show', load: async () => (await import('./commands/config/devices.ts')).configDevices.show },
  {
    name: 'config device unset',
    load: async () => (await import('./commands/config/devices.ts')).configDevices.unset,
  },
  {
    name: 'profile list',
    aliases: ['profile ls'],
    load: async () => (await import('./commands/profile/list.ts')).profileList,
  },
  { name: 'profile show', load: async () => (await import('./commands/profile/keys.ts')).profileKeys.show },
  { name: 'profile create', load: async () => (await import('./commands/profile/create.ts')).profileCreate },
  { name: 'profile get', load: async () => (await import('./commands/profile/keys.ts')).profileKeys.get },
  { name: 'profile set', load: async () => (await import('./commands/profile/keys.ts')).profileKeys.set },
  { name: 'profile unset', load: async () => (await import('./commands/profile/keys.ts')).profileKeys.unset },
  { name: 'profile edit', load: async () => (await import('./commands/profile/keys.ts')).profileKeys.edit },
  {
    name: 'profile copy',
    aliases: ['profile cp'],
    load: async () => (await import('./commands/profile/copy.ts')).profileCopy,
  },
  { name: 'profile rename', load: async () => (await import('./commands/profile/rename.ts')).profileRename },
  {
    name: 'profile delete',
    aliases: ['profile rm'],
    load: async () => (await import('./commands/profile/delete.ts')).profileDelete,
  },
  {
    name: 'profile assign',
    aliases: ['profile apply'],
    load: async () => (await import('./commands/profile/assign.ts')).profileAssign,
  },
  { name: 'profile add', load: async () => (await import('./commands/profile/add.ts')).profileAdd },
  { name: 'profile remove', load: async () => (await import('./commands/profile/remove.ts')).profileRemove },
  { name: 'profile device add', load: async () => (await import('./commands/profile/devices.ts')).profileDevices.add },
  { name: 'profile device get', load: async () => (await import('./commands/profile/devices.ts')).profileDevices.get },
  {
    name: 'profile device list',
    load: async () => (await import('./commands/profile/devices.ts')).profileDevices.list,
  },
  {
    name: 'profile device remove',
    aliases: ['profile device rm'],
    load: async () => (await import('./commands/profile/devices.ts')).profileDevices.remove,
  },
  { name: 'profile device set', load: async () => (await import('./commands/profile/devices.ts')).profileDevices.set },
  {
    name: 'profile device show',
    load: async () => (await import('./commands/profile/devices.ts')).profileDevices.show,
  },
  {
    name: 'profile device unset',
    load: async () => (await import('./commands/profile/devices.ts')).profileDevices.unset,
  },
  ...networkCommands,
  ...storageCommands,
  ...serverCommands,
];

export const loadAll = (entries: readonly CommandEntry[]) => Promise.all(entries.map((entry) => entry.load()));
