/** Commands of networks, their forwards and access lists: a part of the table in commands.ts. */
import type { CommandEntry } from './command-entry.ts';

export const networkCommands: readonly CommandEntry[] = [
  {
    name: 'network list',
    aliases: ['network ls'],
    load: async () => (await import('./commands/network/list.ts')).networkList,
  },
  { name: 'network show', load: async () => (await import('./commands/network/keys.ts')).networkKeys.show },
  { name: 'network info', load: async () => (await import('./commands/network/info.ts')).networkInfo },
  { name: 'network create', load: async () => (await import('./commands/network/create.ts')).networkCreate },
  { name: 'network get', load: async () => (await import('./commands/network/keys.ts')).networkKeys.get },
  { name: 'network set', load: async () => (await import('./commands/network/keys.ts')).networkKeys.set },
  { name: 'network unset', load: async () => (await import('./commands/network/keys.ts')).networkKeys.unset },
  { name: 'network edit', load: async () => (await import('./commands/network/keys.ts')).networkKeys.edit },
  {
    name: 'network delete',
    aliases: ['network rm'],
    load: async () => (await import('./commands/network/delete.ts')).networkDelete,
  },
  {
    name: 'network list-leases',
    load: async () => (await import('./commands/network/list-leases.ts')).networkListLeases,
  },
  {
    name: 'network list-allocations',
    load: async () => (await import('./commands/network/list-allocations.ts')).networkListAllocations,
  },
  {
    name: 'network rename',
    aliases: ['network mv'],
    load: async () => (await import('./commands/network/rename.ts')).networkRename,
  },
  { name: 'network attach', load: async () => (await import('./commands/network/attach.ts')).networkAttach },
  {
    name: 'network attach-profile',
    load: async () => (await import('./commands/network/attach-profile.ts')).networkAttachProfile,
  },
  { name: 'network detach', load: async () => (await import('./commands/network/detach.ts')).networkDetach },
  {
    name: 'network detach-profile',
    load: async () => (await import('./commands/network/detach-profile.ts')).networkDetachProfile,
  },
  {
    name: 'network forward list',
    aliases: ['network forward ls'],
    load: async () => (await import('./commands/network-forward/list.ts')).networkForwardList,
  },
  {
    name: 'network forward show',
    load: async () => (await import('./commands/network-forward/keys.ts')).networkForwardKeys.show,
  },
  {
    name: 'network forward create',
    load: async () => (await import('./commands/network-forward/create.ts')).networkForwardCreate,
  },
  {
    name: 'network forward get',
    load: async () => (await import('./commands/network-forward/keys.ts')).networkForwardKeys.get,
  },
  {
    name: 'network forward set',
    load: async () => (await import('./commands/network-forward/keys.ts')).networkForwardKeys.set,
  },
  {
    name: 'network forward unset',
    load: async () => (await import('./commands/network-forward/keys.ts')).networkForwardKeys.unset,
  },
  {
    name: 'network forward edit',
    load: async () => (await import('./commands/network-forward/keys.ts')).networkForwardKeys.edit,
  },
  {
    name: 'network forward delete',
    aliases: ['network forward rm'],
    load: async () => (await import('./commands/network-forward/delete.ts')).networkForwardDelete,
  },
  {
    name: 'network forward port add',
    load: async () => (await import('./commands/network-forward/port-add.ts')).networkForwardPortAdd,
  },
  {
    name: 'network forward port remove',
    aliases: ['network forward port rm'],
    load: async () => (await import('./commands/network-forward/port-remove.ts')).networkForwardPortRemove,
  },
  {
    name: 'network acl list',
    aliases: ['network acl ls'],
    load: async () => (await import('./commands/network-acl/list.ts')).networkAclList,
  },
  { name: 'network acl show', load: async () => (await import('./commands/network-acl/keys.ts')).networkAclKeys.show },
  { name: 'network acl create', load: async () => (await import('./commands/network-acl/create.ts')).networkAclCreate },
  { name: 'network acl get', load: async () => (await import('./commands/network-acl/keys.ts')).networkAclKeys.get },
  { name: 'network acl set', load: async () => (await import('./commands/network-acl/keys.ts')).networkAclKeys.set },
  {
    name: 'network acl unset',
    load: async () => (await import('./commands/network-acl/keys.ts')).networkAclKeys.unset,
  },
  { name: 'network acl edit', load: async () => (await import('./commands/network-acl/keys.ts')).networkAclKeys.edit },
  {
    name: 'network acl rename',
    aliases: ['network acl mv'],
    load: async () => (await import('./commands/network-acl/rename.ts')).networkAclRename,
  },
  {
    name: 'network acl delete',
    aliases: ['network acl rm'],
    load: async () => (await import('./commands/network-acl/delete.ts')).networkAclDelete,
  },
  {
    name: 'network acl rule add',
    load: async () => (await import('./commands/network-acl/rule-add.ts')).networkAclRuleAdd,
  },
  {
    name: 'network acl rule remove',
    aliases: ['network acl rule rm'],
    load: async () => (await import('./commands/network-acl/rule-remove.ts')).networkAclRuleRemove,
  },
];
