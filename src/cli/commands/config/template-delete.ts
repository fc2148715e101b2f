import { defineCommand, required } from '../../command.ts';

export const configTemplateDelete = defineCommand({
  name: 'config template delete',
  aliases: ['config template rm'],
  group: 'settings',
  summary: 'Delete a template of a guest',
  args: { instance: required('instance', 'instance'), template: required('template') },
  options: {},
  examples: [['gast config template delete web motd.tpl', '']],
  async run(context, { args }) {
    await context.client.call('DELETE /1.0/instances/{name}/metadata/templates', {
      params: { name: args.instance },
      query: { path: args.template },
    });
  },
});
