import { any, defineCommand, required } from '../../command.ts';
import { runSsh } from '../../terminal/ssh.ts';

export const ssh = defineCommand({
  name: 'ssh',
  group: 'inside',
  summary: 'Log in to a guest with ssh, without an address or an open port',
  details:
    'What follows the guest belongs to ssh. The user is root when no other is named; the key of the guest is remembered under its name.',
  args: { instance: required('[user@]instance', 'instance'), words: any('ssh argument') },
  options: {},
  examples: [
    ['gast ssh web', 'as root'],
    ['gast ssh anna@web uptime', 'one command, as anna'],
    ['gast ssh web -L 8080:localhost:80', 'with options of ssh'],
  ],
  passThrough: 'after-first',
  run: (context, { args }) => runSsh(context, args.instance, args.words),
});
