import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, required, text } from '../../command.ts';
import { attachConsole } from '../../terminal/console-session.ts';
import { showScreen } from '../../terminal/screen-session.ts';

const types = ['console', 'vga', 'vnc'] as const;

export const consoleCommand = defineCommand({
  name: 'console',
  group: 'inside',
  summary: 'Attach to the console of a guest, show what it wrote there, or the screen of a virtual machine',
  details:
    'Ctrl-a q leaves the console. A screen is shown by remote-viewer or spicy (vga, which is SPICE) or by TigerVNC (vnc) where one is installed; else the socket for any viewer is printed, and is there until Ctrl-C.',
  args: { instance: required('instance', 'instance') },
  options: {
    type: text('-t, --type <type>', 'console (default), or the screen: vga by SPICE, vnc by VNC', types),
    vv: text('--vv <file>', 'with --type=vga: write a file for virt-viewer instead of starting a viewer', 'file'),
    log: flag('--log, --show-log', 'print the log and end'),
    clear: flag('--clear', 'clear the log'),
    force: flag('--force', 'take it over from another session'),
  },
  examples: [
    ['gast console web', 'until Ctrl-a q'],
    ['gast console web --log', 'the boot messages, also of a stopped guest'],
    ['gast console desktop --type=vga', 'the screen of a virtual machine'],
    ['gast console desktop --type=vga --vv desktop.vv', 'for a viewer that you start yourself'],
  ],
  async run(context, { args, options }) {
    const params = { name: args.instance };
    const type = types.find((known) => known === (options.type ?? 'console'));
    if (!type) throw usageError(`There is no console of the type "${options.type}"`, `one of: ${types.join(', ')}`);
    if (options.vv !== undefined && type !== 'vga')
      throw usageError('A .vv file is for SPICE', `gast console ${args.instance} --type=vga --vv ${options.vv}`);
    if (options.log) {
      const answer = await context.client.raw('GET /1.0/instances/{name}/console', { params });
      for await (const part of answer) context.streams.stdout.write(part);
    }
    if (options.clear) await context.client.call('DELETE /1.0/instances/{name}/console', { params });
    if (options.log || options.clear) return 0;
    if (type === 'console') return attachConsole(context, args.instance, { force: options.force });
    return showScreen(context, args.instance, { type, force: options.force, vv: options.vv });
  },
});
