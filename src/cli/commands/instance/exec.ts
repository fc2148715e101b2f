import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, list, required, some, text } from '../../command.ts';
import { parseKeyValues } from '../../objects/key-values.ts';
import { execSession } from '../../terminal/exec-session.ts';

export const exec = defineCommand({
  name: 'exec',
  group: 'inside',
  summary: 'Run a command inside a guest',
  details: 'The exit code is that of the command; 126 not executable, 127 not found, 128+n ended by signal n.',
  args: { instance: required('instance', 'instance'), command: some('command') },
  options: {
    env: list('--env <key=value>', 'environment variable (may be repeated)'),
    cwd: text('--cwd <directory>', 'working directory'),
    user: text('--user <uid>', 'numeric user id (0 without it)'),
    group: text('--group <gid>', 'numeric group id (0 without it)'),
    forceInteractive: flag('-t, --force-interactive', 'with a terminal, also in a pipe'),
    forceNoninteractive: flag('-T, --force-noninteractive', 'without a terminal'),
    disableStdin: flag('-n, --disable-stdin', 'read nothing from stdin'),
    mode: text('--mode <mode>', 'auto, interactive or non-interactive', ['auto', 'interactive', 'non-interactive']),
  },
  examples: [
    ['gast exec web -- systemctl status nginx', 'options after -- belong to the command'],
    ['gast exec web --env LANG=de_DE.UTF-8 --user 1000 --cwd /srv -- ls', 'as user 1000 in /srv'],
    ['gast exec web -- tar c /etc > etc.tar', 'binary output into a file'],
  ],
  passThrough: true,
  run(context, { args, options }) {
    const term = context.env.TERM;
    const interactive = isInteractive(options, context.streams);
    return execSession(context, args.instance, {
      command: args.command,
      interactive,
      noStdin: options.disableStdin,
      environment: { ...(term && interactive ? { TERM: term } : {}), ...parseKeyValues(options.env) },
      ...numberOf('user', options.user),
      ...numberOf('group', options.group),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
  },
});

type Modes = {
  mode: string | undefined;
  forceInteractive: boolean;
  forceNoninteractive: boolean;
  disableStdin: boolean;
};

/** A terminal is made when both ends of this one are a terminal, as in Incus. */
function isInteractive(options: Modes, streams: { stdin: { isTTY?: boolean }; stdout: { isTTY?: boolean } }): boolean {
  if (options.forceInteractive && options.forceNoninteractive) throw usageError('-t and -T exclude each other');
  const mode = options.mode ?? 'auto';
  if (!['auto', 'interactive', 'non-interactive'].includes(mode)) {
    throw usageError(`Unknown mode "${mode}"`, 'auto, interactive or non-interactive');
  }
  if (options.forceInteractive || mode === 'interactive') return true;
  if (options.forceNoninteractive || mode === 'non-interactive' || options.disableStdin) return false;
  return streams.stdin.isTTY === true && streams.stdout.isTTY === true;
}

function numberOf<K extends 'user' | 'group'>(key: K, given: string | undefined): { [P in K]?: number } {
  if (given === undefined) return {};
  if (!/^\d+$/.test(given))
    throw usageError(`--${key} wants a number, not "${given}"`, `gast exec NAME -- id -${key[0]} ${given}`);
  return { [key]: Number(given) } as { [P in K]?: number };
}
