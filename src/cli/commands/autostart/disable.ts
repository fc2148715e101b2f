import { defineCommand } from '../../command.ts';
import { autostartOf } from '../../own-daemon/autostart.ts';

export const autostartDisable = defineCommand({
  name: 'autostart disable',
  group: 'server',
  wakesNobody: true,
  summary: 'No longer start your own daemon with this computer; what runs goes on',
  args: {},
  options: {},
  examples: [['gast autostart disable', '']],
  run: async (context) => (await autostartOf(context)).disable(),
});
