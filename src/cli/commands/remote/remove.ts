import { CliError } from '../../cli-error.ts';
import { defineCommand, required } from '../../command.ts';
import { findChangeable } from '../../remotes/change-remotes.ts';
import { writePin, writeRemotes } from '../../remotes/remotes-file.ts';

export const remoteRemove = defineCommand({
  name: 'remote remove',
  aliases: ['remote rm'],
  group: 'server',
  summary: 'Forget a server; nothing happens there',
  args: { name: required('remote', 'remote') },
  options: {},
  examples: [['gast remote remove otto', '']],
  async run(context, { args }) {
    const { known } = findChangeable(context, args.name);
    if (known.default === args.name)
      throw new CliError("Can't remove the default remote", { help: 'gast remote switch local' });
    const { [args.name]: _gone, ...remotes } = known.remotes;
    writeRemotes(context.env, { ...known, remotes });
    writePin(context.env, args.name, undefined);
  },
});
