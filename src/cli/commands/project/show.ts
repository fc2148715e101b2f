import { defineCommand, required } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';

export const projectShow = defineCommand({
  name: 'project show',
  group: 'server',
  summary: 'Show a project as YAML',
  args: { project: required('project', 'project') },
  options: {},
  examples: [['gast project show default', '']],
  run: async (context, { args }) =>
    printObject(
      context,
      'yaml',
      await context.client.call('GET /1.0/projects/{name}', { params: { name: args.project } }),
    ),
});
