import { defineCommand } from '../../command.ts';
import { autostartOf } from '../../own-daemon/autostart.ts';

export const autostartShow = defineCommand({
  name: 'autostart show',
  group: 'server',
  wakesNobody: true,
  summary: 'Show when your own daemon starts: with this computer, at login, or with the first command',
  args: {},
  options: {},
  examples: [['gast autostart show', '']],
  run: async (context) => (await autostartOf(context)).show(),
});
