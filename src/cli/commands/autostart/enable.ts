import { defineCommand } from '../../command.ts';
import { autostartOf } from '../../own-daemon/autostart.ts';

export const autostartEnable = defineCommand({
  name: 'autostart enable',
  group: 'server',
  wakesNobody: true,
  summary: 'Start your own daemon with this computer, and with it the guests that have boot.autostart',
  details: `With systemd: a unit of yours is enabled, and you may linger, so that it needs no login. Otherwise the lines are shown
that root has to type once.`,
  args: {},
  options: {},
  examples: [['gast autostart enable', '']],
  run: async (context) => (await autostartOf(context)).enable(),
});
