import { defineCommand, required } from '../../command.ts';
import { writeTemplate } from '../../objects/guest-templates.ts';
import { readAll } from '../../terminal/read-all.ts';

export const configTemplateCreate = defineCommand({
  name: 'config template create',
  group: 'settings',
  summary: 'Make a template of a guest, empty or from stdin',
  details: 'Which file of the guest is made from it, and when, stands in its metadata.',
  args: { instance: required('instance', 'instance'), template: required('template') },
  options: {},
  examples: [['gast config template create web motd.tpl < motd.tpl', 'from a file']],
  async run(context, { args }) {
    const { stdin } = context.streams;
    await writeTemplate(context, args, stdin.isTTY ? '' : await readAll(stdin));
  },
});
