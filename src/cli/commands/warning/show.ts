import { defineCommand, required } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';

export const warningShow = defineCommand({
  name: 'warning show',
  group: 'server',
  summary: 'Show a warning as YAML',
  args: { uuid: required('uuid', 'warning') },
  options: {},
  examples: [['gast warning show 4be1...', '']],
  run: async (context, { args }) =>
    printObject(
      context,
      'yaml',
      await context.client.call('GET /1.0/warnings/{uuid}', { params: { uuid: args.uuid } }),
    ),
});
