import { setTimeout } from 'node:timers/promises';
import { ClientError } from '../../../client/client-error.ts';
import { CliError, exitCodes, usageError } from '../../cli-error.ts';
import { defineCommand, text } from '../../command.ts';
import { parseDuration } from '../../output/units.ts';

const triedEveryMs = 250;

export const adminWaitready = defineCommand({
  name: 'admin waitready',
  group: 'server',
  wakesNobody: true,
  summary: 'Wait until the server answers',
  args: {},
  options: { timeout: text('-t, --timeout <time>', 'at most so long, like 90 or 2m; for ever without it') },
  examples: [['gast admin waitready --timeout 60', '']],
  async run(context, { options }) {
    const timeoutMs = options.timeout === undefined ? Number.POSITIVE_INFINITY : parseDuration(options.timeout);
    if (timeoutMs === undefined) throw usageError(`"${options.timeout}" is no time`, 'seconds, or like 90s, 2m');
    for (let waitedMs = 0; ; waitedMs += triedEveryMs) {
      try {
        await context.client.call('GET /internal/ready');
        return;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (waitedMs >= timeoutMs)
          throw new CliError(`The server did not answer within ${options.timeout}: ${error.message}`, {
            exitCode: exitCodes.timeout,
            ...(error.help === undefined ? {} : { help: error.help }),
          });
        await setTimeout(triedEveryMs);
      }
    }
  },
});
