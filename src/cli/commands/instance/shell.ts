import { defineCommand, required, text } from '../../command.ts';
import { loginCommand } from '../../objects/login-shell.ts';
import { execSession } from '../../terminal/exec-session.ts';

export const shell = defineCommand({
  name: 'shell',
  group: 'inside',
  summary: 'Open a login shell in a guest',
  args: { instance: required('instance', 'instance') },
  options: {
    user: text('--user <name>', 'user to be, root without it'),
  },
  examples: [
    ['gast shell web', 'as root'],
    ['gast shell web --user anna', 'as anna, with her own shell and home'],
  ],
  run: (context, { args, options }) =>
    execSession(context, args.instance, {
      command: loginCommand(options.user ?? 'root'),
      interactive: context.streams.stdin.isTTY === true && context.isTerminal,
      noStdin: false,
      environment: context.env.TERM ? { TERM: context.env.TERM } : {},
    }),
});
