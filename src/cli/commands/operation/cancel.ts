import { defineCommand, required } from '../../command.ts';

export const operationCancel = defineCommand({
  name: 'operation cancel',
  aliases: ['operation delete', 'operation rm'],
  group: 'server',
  summary: 'Cancel an operation; what it did is undone',
  args: { id: required('id', 'operation') },
  options: {},
  examples: [['gast operation cancel 1f0d...', '']],
  async run(context, { args }) {
    await context.client.call('DELETE /1.0/operations/{id}', { params: { id: args.id } });
  },
});
