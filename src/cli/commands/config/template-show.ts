import { defineCommand, required } from '../../command.ts';
import { readTemplate } from '../../objects/guest-templates.ts';

export const configTemplateShow = defineCommand({
  name: 'config template show',
  group: 'settings',
  summary: 'Show the text of a template of a guest',
  args: { instance: required('instance', 'instance'), template: required('template') },
  options: {},
  examples: [['gast config template show web hostname.tpl', '']],
  run: async (context, { args }) => context.print(await readTemplate(context, args)),
});
