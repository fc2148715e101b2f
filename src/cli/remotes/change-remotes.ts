/** Changes of the list of remotes that the `remote` commands share. */
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { builtIn, local, type Remote, type Remotes, readRemotes } from './remotes-file.ts';

export function findRemote(context: Context, name: string): { known: Remotes; remote: Remote } {
  const known = readRemotes(context.env);
  const remote = Object.hasOwn(known.remotes, name) ? known.remotes[name] : undefined;
  if (remote === undefined) throw new CliError(`The remote "${name}" doesn't exist`, { help: 'gast remote list' });
  return { known, remote };
}

/** `local` is always there and always the same. */
export function findChangeable(context: Context, name: string): { known: Remotes; remote: Remote } {
  if (name === local) throw new CliError('The remote "local" cannot be changed');
  const found = findRemote(context, name);
  if (found.remote === builtIn[name])
    throw new CliError(`The remote "${name}" is built in`, { help: `gast remote add ${name} URL takes its place` });
  return found;
}
