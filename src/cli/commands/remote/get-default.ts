import { defineCommand } from '../../command.ts';
import { readRemotes } from '../../remotes/remotes-file.ts';

export const remoteGetDefault = defineCommand({
  name: 'remote get-default',
  group: 'server',
  summary: 'Show the server that is meant when none is named',
  args: {},
  options: {},
  examples: [['gast remote get-default', '']],
  run: async (context) => context.print(`${readRemotes(context.env).default}\n`),
});
