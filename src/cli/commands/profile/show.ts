import { defineCommand, required } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';

export const profileShow = defineCommand({
  name: 'profile show',
  group: 'settings',
  summary: 'Show a profile as YAML',
  args: { name: required('profile', 'profile') },
  options: {},
  examples: [['gast profile show web', '']],
  run: async (context, { args }) =>
    printObject(
      context,
      'yaml',
      await context.client.call('GET /1.0/profiles/{name}', { params: { name: args.name } }),
    ),
});
