import { defineCommand, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';

export const networkAclDelete = defineCommand({
  name: 'network acl delete',
  aliases: ['network acl rm'],
  group: 'network-storage',
  summary: 'Delete access lists that nothing uses',
  args: { names: some('acl', 'acl') },
  options: {},
  examples: [['gast network acl delete web', '']],
  run: (context, { args }) =>
    forEachNamed(context, args.names, async (name) => {
      await context.client.call('DELETE /1.0/network-acls/{name}', { params: { name } });
    }),
});
