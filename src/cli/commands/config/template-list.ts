import { defineCommand, required } from '../../command.ts';
import { templateNames } from '../../objects/guest-templates.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<{ filename: string }>[] = [{ header: 'FILENAME', value: ({ filename }) => filename }];

export const configTemplateList = defineCommand({
  name: 'config template list',
  aliases: ['config template ls'],
  group: 'settings',
  summary: 'List the templates of a guest',
  args: { instance: required('instance', 'instance') },
  options: { format: formatOption },
  examples: [['gast config template list web', '']],
  async run(context, { args, options }) {
    const names = await templateNames(context, args.instance);
    const rows = names.map((filename) => ({ filename }));
    await printRows(context, options.format, columns, rows);
  },
});
