import { defineCommand, flag, required } from '../../command.ts';
import { attachConsole } from '../../terminal/console-session.ts';

export const consoleCommand = defineCommand({
  name: 'console',
  group: 'inside',
  summary: 'Attach to the console of a guest, or show what it wrote there',
  details: 'Ctrl-a q leaves the console.',
  args: { instance: required('instance', 'instance') },
  options: {
    log: flag('--log, --show-log', 'print the log and end'),
    clear: flag('--clear', 'clear the log'),
    force: flag('--force', 'take it over from another session'),
  },
  examples: [
    ['gast console web', 'until Ctrl-a q'],
    ['gast console web --log', 'the boot messages, also of a stopped guest'],
  ],
  async run(context, { args, options }) {
    const params = { name: args.instance };
    if (options.log) {
      const answer = await context.client.raw('GET /1.0/instances/{name}/console', { params });
      for await (const part of answer) context.streams.stdout.write(part);
    }
    if (options.clear) await context.client.call('DELETE /1.0/instances/{name}/console', { params });
    if (options.log || options.clear) return 0;
    return attachConsole(context, args.instance, { force: options.force });
  },
});
