import { defineCommand, required } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';

export const trustShow = defineCommand({
  name: 'config trust show',
  group: 'server',
  summary: 'Show a trusted certificate as YAML',
  args: { fingerprint: required('fingerprint') },
  options: {},
  examples: [['gast config trust show cc3272724b73', 'the beginning is enough']],
  run: async (context, { args }) =>
    printObject(
      context,
      'yaml',
      await context.client.call('GET /1.0/certificates/{fingerprint}', { params: { fingerprint: args.fingerprint } }),
    ),
});
