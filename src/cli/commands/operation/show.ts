import { defineCommand, required } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';

export const operationShow = defineCommand({
  name: 'operation show',
  group: 'server',
  summary: 'Show an operation with its steps, as YAML',
  args: { id: required('id', 'operation') },
  options: {},
  examples: [['gast operation show 1f0d...', '']],
  run: async (context, { args }) =>
    printObject(context, 'yaml', await context.client.call('GET /1.0/operations/{id}', { params: { id: args.id } })),
});
