/** What tests of the command line make small virtual machines with, and how they learn that one is up. */
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../integration/engine-lab.ts';
import { tinyMachine } from '../machines/tiny-machine.ts';
import { runGast } from './gast.ts';

const { kernel, initrd, append } = tinyMachine;
export const direct = [
  ...['-c', `machine.kernel=${kernel}`, '-c', `machine.initrd=${initrd}`],
  ...['-c', `machine.cmdline=${append}`],
];
export const small = ['-c', 'limits.memory=128MiB', '-d', 'root,size=64MiB'];
/** Emulated, on a machine that has other work. */
export const bootMs = 120_000;

/** Each try is a program of the host, which takes the processor from a machine that is emulated. */
const betweenTriesMs = 400;

/** Until a command can be run in it. */
export const answers = (env: Record<string, string>, name: string, withinMs = bootMs): Promise<void> =>
  eventually(
    `${name} answers`,
    async () => {
      if ((await runGast(env, ['exec', name, '-T', '-n', '--', 'true'])).code === 0) return true;
      await delay(betweenTriesMs);
      return false;
    },
    withinMs,
  );
