/** Start, stop, restart, freeze and unfreeze: of named guests side by side, or of all. */
import { usageError } from '../cli-error.ts';
import { flag, text } from '../command.ts';
import type { Context } from '../context.ts';
import { parseDuration } from '../output/units.ts';
import type { TextKey } from '../texts/en.ts';
import { forEachNamed } from './for-each-named.ts';
import { fetchInstances } from './instances.ts';

export const allOption = flag('--all', 'all guests');
export const forceOption = flag('-f, --force', 'at once, without asking the guest');
export const timeoutOption = text('--timeout <time>', 'seconds to wait for a graceful end, or like 2m; -1 for ever');

export type StateChange = {
  names: readonly string[];
  all: boolean;
  action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze';
  label: TextKey;
  force?: boolean;
  timeout?: string | undefined;
  /** With its memory; absent: as the server finds it. */
  stateful?: boolean;
  /** With --all: the states in which there is something to do. */
  from?: readonly string[];
};

export async function changeStates(context: Context, change: StateChange): Promise<number> {
  const { action, label, force = false } = change;
  const timeout = timeoutSeconds(change.timeout);
  const names = await chosen(context, change);
  return forEachNamed(context, names, async (name) => {
    const started = await context.client.start('PUT /1.0/instances/{name}/state', {
      params: { name },
      body: { action, timeout, force, ...(change.stateful === undefined ? {} : { stateful: change.stateful }) },
    });
    await context.follow(context.texts(label, { name }), started);
  });
}

async function chosen(context: Context, { names, all, from = [] }: StateChange): Promise<string[]> {
  if (all && names.length > 0) throw usageError('--all and names exclude each other');
  if (!all && names.length === 0) throw usageError('Which guest?', 'a name, or --all');
  if (!all) return [...new Set(names)];
  const instances = await fetchInstances(context, { live: false });
  return instances.filter(({ status }) => from.includes(status)).map(({ name }) => name);
}

function timeoutSeconds(given: string | undefined): number {
  if (given === undefined || given === '-1') return -1;
  const ms = parseDuration(given);
  if (ms === undefined) throw usageError(`--timeout ${given} is no time`, 'seconds, or like 90s, 2m');
  return Math.ceil(ms / 1000);
}
