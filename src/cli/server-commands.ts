/** Commands of the server, its projects, trust and other servers: a part of the table in commands.ts. */
import type { CommandEntry } from './command-entry.ts';

export const serverCommands: readonly CommandEntry[] = [
  {
    name: 'operation list',
    aliases: ['operation ls'],
    load: async () => (await import('./commands/operation/list.ts')).operationList,
  },
  { name: 'operation show', load: async () => (await import('./commands/operation/show.ts')).operationShow },
  {
    name: 'operation cancel',
    aliases: ['operation delete', 'operation rm'],
    load: async () => (await import('./commands/operation/cancel.ts')).operationCancel,
  },
  {
    name: 'project list',
    aliases: ['project ls'],
    load: async () => (await import('./commands/project/list.ts')).projectList,
  },
  { name: 'project show', load: async () => (await import('./commands/project/keys.ts')).projectKeys.show },
  { name: 'project info', load: async () => (await import('./commands/project/info.ts')).projectInfo },
  { name: 'project create', load: async () => (await import('./commands/project/create.ts')).projectCreate },
  { name: 'project get', load: async () => (await import('./commands/project/keys.ts')).projectKeys.get },
  { name: 'project set', load: async () => (await import('./commands/project/keys.ts')).projectKeys.set },
  { name: 'project unset', load: async () => (await import('./commands/project/keys.ts')).projectKeys.unset },
  { name: 'project edit', load: async () => (await import('./commands/project/keys.ts')).projectKeys.edit },
  { name: 'project rename', load: async () => (await import('./commands/project/rename.ts')).projectRename },
  {
    name: 'project get-current',
    load: async () => (await import('./commands/project/get-current.ts')).projectGetCurrent,
  },
  { name: 'project switch', load: async () => (await import('./commands/project/switch.ts')).projectSwitch },
  {
    name: 'project delete',
    aliases: ['project rm'],
    load: async () => (await import('./commands/project/delete.ts')).projectDelete,
  },
  {
    name: 'config trust list',
    aliases: ['config trust ls'],
    load: async () => (await import('./commands/trust/list.ts')).trustList,
  },
  { name: 'config trust show', load: async () => (await import('./commands/trust/show.ts')).trustShow },
  { name: 'config trust add', load: async () => (await import('./commands/trust/add.ts')).trustAdd },
  {
    name: 'config trust add-certificate',
    load: async () => (await import('./commands/trust/add-certificate.ts')).trustAddCertificate,
  },
  { name: 'config trust edit', load: async () => (await import('./commands/trust/edit.ts')).trustEdit },
  {
    name: 'config trust remove',
    aliases: ['config trust rm'],
    load: async () => (await import('./commands/trust/remove.ts')).trustRemove,
  },
  {
    name: 'config trust list-tokens',
    load: async () => (await import('./commands/trust/list-tokens.ts')).trustListTokens,
  },
  {
    name: 'config trust revoke-token',
    load: async () => (await import('./commands/trust/revoke-token.ts')).trustRevokeToken,
  },
  {
    name: 'remote list',
    aliases: ['remote ls'],
    load: async () => (await import('./commands/remote/list.ts')).remoteList,
  },
  { name: 'remote add', load: async () => (await import('./commands/remote/add.ts')).remoteAdd },
  {
    name: 'remote remove',
    aliases: ['remote rm'],
    load: async () => (await import('./commands/remote/remove.ts')).remoteRemove,
  },
  {
    name: 'remote rename',
    aliases: ['remote mv'],
    load: async () => (await import('./commands/remote/rename.ts')).remoteRename,
  },
  { name: 'remote set-url', load: async () => (await import('./commands/remote/set-url.ts')).remoteSetUrl },
  {
    name: 'remote switch',
    aliases: ['remote set-default'],
    load: async () => (await import('./commands/remote/switch.ts')).remoteSwitch,
  },
  { name: 'remote get-default', load: async () => (await import('./commands/remote/get-default.ts')).remoteGetDefault },
  {
    name: 'remote get-client-certificate',
    aliases: ['remote generate-certificate'],
    load: async () => (await import('./commands/remote/get-client-certificate.ts')).remoteGetClientCertificate,
  },
  {
    name: 'warning list',
    aliases: ['warning ls'],
    load: async () => (await import('./commands/warning/list.ts')).warningList,
  },
  { name: 'warning show', load: async () => (await import('./commands/warning/show.ts')).warningShow },
  {
    name: 'warning acknowledge',
    aliases: ['warning ack'],
    load: async () => (await import('./commands/warning/acknowledge.ts')).warningAcknowledge,
  },
  {
    name: 'warning delete',
    aliases: ['warning rm'],
    load: async () => (await import('./commands/warning/delete.ts')).warningDelete,
  },
  { name: '__complete', hidden: true, load: async () => (await import('./commands/server/complete.ts')).completeWords },
  { name: 'completion', load: async () => (await import('./commands/server/completion.ts')).completion },
  { name: 'doctor', load: async () => (await import('./commands/server/doctor.ts')).doctor },
  { name: 'monitor', load: async () => (await import('./commands/server/monitor.ts')).monitor },
  { name: 'query', load: async () => (await import('./commands/server/query.ts')).query },
  { name: 'admin waitready', load: async () => (await import('./commands/admin/waitready.ts')).adminWaitready },
  { name: 'admin start', load: async () => (await import('./commands/admin/start.ts')).adminStart },
  { name: 'admin shutdown', load: async () => (await import('./commands/admin/shutdown.ts')).adminShutdown },
  {
    name: 'autostart enable',
    load: async () => (await import('./commands/autostart/enable.ts')).autostartEnable,
  },
  {
    name: 'autostart disable',
    load: async () => (await import('./commands/autostart/disable.ts')).autostartDisable,
  },
  { name: 'autostart show', load: async () => (await import('./commands/autostart/show.ts')).autostartShow },
  { name: 'version', load: async () => (await import('./commands/server/version.ts')).version },
];
