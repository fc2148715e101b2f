import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, text } from '../../command.ts';
import type { Context } from '../../context.ts';
import { columnLetters, parseColumns } from '../../objects/instance-columns.ts';
import { fetchInstances } from '../../objects/instances.ts';
import { printRows } from '../../output/print-rows.ts';
import { parseDuration } from '../../output/units.ts';
import { enterRawMode } from '../../terminal/raw-mode.ts';

const formats = ['table', 'compact'];

export const top = defineCommand({
  name: 'top',
  group: 'guests',
  summary: 'Show what the running guests use, again and again, until q',
  details: `Without a terminal it is shown once. Columns are letters as in gast list, and more:

${columnLetters.map(({ letter, header }) => `  ${letter}  ${header.toLowerCase()}`).join('\n')}`,
  args: {},
  options: {
    columns: text('-c, --columns <columns>', 'columns to show (numD without it)'),
    format: text('-f, --format <format>', 'table or compact', formats),
    refresh: text('--refresh <time>', 'look again after so long, 10 seconds without it'),
    allProjects: flag('--all-projects', 'of all projects'),
  },
  examples: [
    ['gast top', 'name, CPU, memory and disk'],
    ['gast top -c nuMN --refresh 2', 'every two seconds'],
  ],
  async run(context, { options }) {
    const columns = parseColumns(options.columns ?? (options.allProjects ? 'enumD' : 'numD'));
    const format = options.format ?? 'table';
    if (!formats.includes(format)) throw usageError(`Unknown format "${format}"`, formats.join(' or '));
    const refreshMs = parseDuration(options.refresh ?? '10');
    if (refreshMs === undefined || refreshMs < 100)
      throw usageError(`--refresh ${options.refresh} is no time`, 'like 2s');
    const show = async (): Promise<void> => {
      const all = await fetchInstances(context, { live: true, allProjects: options.allProjects });
      const running = all.filter(({ state }) => (state?.pid ?? 0) > 0).sort((a, b) => cpuOf(b) - cpuOf(a));
      if (context.isTerminal) context.print(home);
      await printRows(context, format, columns, running);
    };
    if (!context.isTerminal || !context.streams.stdin.isTTY) return show();
    await repeat(context, show, refreshMs);
  },
});

const cpuOf = ({ state }: { state: { cpu: { usage: number } } | null }) => state?.cpu.usage ?? 0;
const [ctrlC, ctrlD] = [0x03, 0x04];
const leavingKeys = ['q', 'Q', ctrlC, ctrlD];
/** Home, and everything below away: no scrolling, and less flicker than clearing the whole screen. */
const home = '\x1b[H\x1b[J';
const alternateScreen = { on: '\x1b[?1049h\x1b[?25l', off: '\x1b[?25h\x1b[?1049l' };

async function repeat(context: Context, show: () => Promise<void>, refreshMs: number): Promise<void> {
  const { stdin } = context.streams;
  const stop = new AbortController();
  const typed = (keys: Buffer) => {
    if (leavingKeys.some((key) => keys.includes(key))) stop.abort();
  };
  using _raw = enterRawMode(stdin);
  context.print(alternateScreen.on);
  stdin.on('data', typed);
  stdin.resume();
  try {
    while (!stop.signal.aborted) {
      await Promise.race([show(), once(stop.signal, 'abort')]);
      await setTimeout(refreshMs, undefined, { signal: stop.signal }).catch(() => {});
    }
  } finally {
    stdin.off('data', typed);
    context.print(alternateScreen.off);
  }
}
