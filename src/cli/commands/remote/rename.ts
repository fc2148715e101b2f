import { CliError } from '../../cli-error.ts';
import { defineCommand, required } from '../../command.ts';
import { findChangeable } from '../../remotes/change-remotes.ts';
import { readPin, writePin, writeRemotes } from '../../remotes/remotes-file.ts';

export const remoteRename = defineCommand({
  name: 'remote rename',
  aliases: ['remote mv'],
  group: 'server',
  summary: 'Give a server another name here',
  args: { name: required('remote', 'remote'), newName: required('new-name') },
  options: {},
  examples: [['gast remote rename otto karl', '']],
  async run(context, { args: { name, newName } }) {
    const { known, remote } = findChangeable(context, name);
    if (!/^[A-Za-z0-9][\w.-]*$/.test(newName)) throw new CliError(`"${newName}" is no name for a remote`);
    if (Object.hasOwn(known.remotes, newName)) throw new CliError(`The remote "${newName}" exists already`);
    const { [name]: _old, ...others } = known.remotes;
    writePin(context.env, newName, readPin(context.env, name));
    const chosen = known.default === name ? newName : known.default;
    writeRemotes(context.env, { default: chosen, remotes: { ...others, [newName]: remote } });
    writePin(context.env, name, undefined);
  },
});
