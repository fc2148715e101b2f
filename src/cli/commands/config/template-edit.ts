import { defineCommand, required } from '../../command.ts';
import { readTemplate, writeTemplate } from '../../objects/guest-templates.ts';
import { editText } from '../../terminal/editor.ts';
import { readAll } from '../../terminal/read-all.ts';

export const configTemplateEdit = defineCommand({
  name: 'config template edit',
  group: 'settings',
  summary: 'Edit a template of a guest in your editor or from stdin',
  args: { instance: required('instance', 'instance'), template: required('template') },
  options: {},
  examples: [['gast config template edit web hostname.tpl', 'in $EDITOR']],
  async run(context, { args }) {
    const { stdin } = context.streams;
    const before = await readTemplate(context, args);
    const after = stdin.isTTY ? await editText(context, before, 'tpl') : await readAll(stdin);
    if (after === before) return context.say(context.texts('unchanged'));
    await writeTemplate(context, args, after);
  },
});
