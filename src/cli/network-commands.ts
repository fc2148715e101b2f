/** Commands of networks, their forwards and access lists: a part of the table in commands.ts. */
import type { CommandEntry } from './command-entry.ts';

export const networkCommands: readonly CommandEntry[] = [
  {
    name: 'network list',
    aliases: ['network ls'],
    load: async () => (await import('./commands/network/list.ts')).networkList,
  },
  { name: 'network show', load: async () => (await import('./commands/network/show.ts')).networkShow },
  { name: 'network info', load: async () => (await import('./commands/network/info.ts')).networkInfo },
  { name: 'network create', load: async () => (await import('./commands/network/create.ts')).networkCreate },
  { name: 'network get', load: async () => (await import('./commands/network/get.ts')).networkGet },
  { name: 'network set', load: async () => (await import('./commands/network/set.ts')).networkSet },
  { name: 'network unset', load: async () => (await import('./commands/network/unset.ts')).networkUnset },
  { name: 'network edit', load: async () => (await import('./commands/network/edit.ts')).networkEdit },
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
    load: async () => (await import('./commands/network-forward/show.ts')).networkForwardShow,
  },
  {
    name: 'network forward create',
    load: async () => (await import('./commands/network-forward/create.ts')).networkForwardCreate,
  },
  {
    name: 'network forward get',
    load: async () => (await import('./commands/network-forward/get.ts')).networkForwardGet,
  },
  {
    name: 'network forward set',
    load: async () => (await import('./commands/network-forward/set.ts')).networkForwardSet,
  },
  {
    name: 'network forward unset',
    load: async () => (await import('./commands/network-forward/unset.ts')).networkForwardUnset,
  },
  {
    name: 'network forward edit',
    load: async () => (await import('./commands/network-forward/edit.ts')).networkForwardEdit,
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
  { name: 'network acl show', load: async () => (await import('./commands/network-acl/show.ts')).networkAclShow },
  { name: 'network acl create', load: async () => (await import('./commands/network-acl/create.ts')).networkAclCreate },
  { name: 'network acl get', load: async () => (await import('./commands/network-acl/get.ts')).networkAclGet },
  { name: 'network acl set', load: async () => (await import('./commands/network-acl/set.ts')).networkAclSet },
  { name: 'network acl unset', load: async () => (await import('./commands/network-acl/unset.ts')).networkAclUnset },
  { name: 'network acl edit', load: async () => (await import('./commands/network-acl/edit.ts')).networkAclEdit },
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
