import { defineCommand, required } from '../../command.ts';

export const networkAclRename = defineCommand({
  name: 'network acl rename',
  aliases: ['network acl mv'],
  group: 'network-storage',
  summary: 'Rename an access list that nothing uses',
  args: { acl: required('acl', 'acl'), name: required('new name') },
  options: {},
  examples: [['gast network acl rename web shop', '']],
  async run(context, { args }) {
    await context.client.call('POST /1.0/network-acls/{name}', {
      params: { name: args.acl },
      body: { name: args.name },
    });
  },
});
