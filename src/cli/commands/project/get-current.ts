import { defineCommand } from '../../command.ts';

export const projectGetCurrent = defineCommand({
  name: 'project get-current',
  group: 'server',
  summary: 'Print the project that commands work in',
  args: {},
  options: {},
  examples: [['gast project get-current', '']],
  async run(context) {
    context.print(`${context.project ?? 'default'}\n`);
  },
});
