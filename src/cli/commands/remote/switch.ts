import { defineCommand, required } from '../../command.ts';
import { findRemote } from '../../remotes/change-remotes.ts';
import { writeRemotes } from '../../remotes/remotes-file.ts';

export const remoteSwitch = defineCommand({
  name: 'remote switch',
  aliases: ['remote set-default'],
  group: 'server',
  summary: 'Choose the server that is meant when none is named',
  args: { name: required('remote', 'remote') },
  options: {},
  examples: [
    ['gast remote switch otto', ''],
    ['gast remote switch local', 'back to this host'],
  ],
  async run(context, { args }) {
    const { known } = findRemote(context, args.name);
    writeRemotes(context.env, { ...known, default: args.name });
  },
});
