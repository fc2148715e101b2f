import { defineCommand } from '../../command.ts';
import { ownDirectory } from '../../own-daemon/autostart.ts';
import { nobodyListens } from '../../own-daemon/caller.ts';
import { startDaemon } from '../../own-daemon/start-daemon.ts';

export const adminStart = defineCommand({
  name: 'admin start',
  group: 'server',
  wakesNobody: true,
  summary: 'Start your own daemon, unless it runs; every other command does so, too',
  details: 'With GASTHOF_NO_START=1 it is the only command that does.',
  args: {},
  options: {},
  examples: [['gast admin start', '']],
  async run(context) {
    const { directory, uid } = ownDirectory(context);
    if (await nobodyListens(`${directory}/unix.socket`)) await startDaemon(directory, { ...context, uid });
  },
});
