import { CliError, exitCodes, usageError } from '../../cli-error.ts';
import { defineCommand, flag, required, text } from '../../command.ts';
import { goals, waitForGuest } from '../../objects/wait-for-guest.ts';
import { parseDuration } from '../../output/units.ts';

export const wait = defineCommand({
  name: 'wait',
  group: 'guests',
  summary: 'Wait until a guest is in a state, has an address, or is ready',
  details: 'Exit codes: 0 it is so, 1 it never will be, 4 the time is over. Ready: its init has finished booting.',
  args: { instance: required('instance', 'instance') },
  options: {
    state: text('--state <state>', 'running, stopped or frozen', ['running', 'stopped', 'frozen']),
    ip: flag('--ip', 'an address; it is printed'),
    until: text('--until <what>', 'running, stopped, frozen, ip or ready', goals),
    timeout: text('--timeout <time>', 'at most so long, like 90 or 2m; for ever without it'),
  },
  examples: [
    ['gast wait web --ip', 'prints its address as soon as there is one'],
    ['gast wait web --until ready --timeout 2m', 'until its system has booted'],
    ['gast wait web --state stopped', 'until it ends'],
  ],
  async run(context, { args, options }) {
    const goal = (options.ip ? 'ip' : (options.until ?? options.state ?? 'running')).toLowerCase();
    const known = goals.find((one) => one === goal);
    if (known === undefined) throw usageError(`One cannot wait for "${goal}"`, `one of ${goals.join(', ')}`);
    const timeoutMs =
      options.timeout === undefined || options.timeout === '-1'
        ? Number.POSITIVE_INFINITY
        : parseDuration(options.timeout);
    if (timeoutMs === undefined) throw usageError(`"${options.timeout}" is no time`, 'seconds, or like 90s, 2m, 1h');
    const found = await waitForGuest(context, args.instance, known, timeoutMs);
    if (found === undefined) {
      throw new CliError(`${args.instance} was not "${goal}" within ${options.timeout}`, {
        exitCode: exitCodes.timeout,
        help: `gast info ${args.instance}`,
      });
    }
    if (known === 'ip') context.print(found.map((address) => `${address}\n`).join(''));
  },
});
