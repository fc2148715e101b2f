import { any, defineCommand, required, text } from '../../command.ts';
import { givenYaml } from '../../objects/given-yaml.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const networkAclCreate = defineCommand({
  name: 'network acl create',
  group: 'network-storage',
  summary: 'Create an access list; it allows nothing yet',
  args: { acl: required('acl'), keys: any('key=value') },
  options: { description: text('--description <text>', 'description') },
  examples: [
    ['gast network acl create web', ''],
    ['gast network acl create web < web.yaml', 'with the rules of a file'],
  ],
  async run(context, { args, options }) {
    const given = await givenYaml(context);
    await context.client.call('POST /1.0/network-acls', {
      body: {
        ...given,
        name: args.acl,
        config: { ...(given.config as Record<string, string> | undefined), ...parseKeyValues(args.keys) },
        ...(options.description === undefined ? {} : { description: options.description }),
      },
    });
  },
});
