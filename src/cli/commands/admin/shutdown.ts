import { setTimeout } from 'node:timers/promises';
import { ClientError } from '../../../client/client-error.ts';
import { CliError, exitCodes, usageError } from '../../cli-error.ts';
import { defineCommand, text } from '../../command.ts';
import { parseDuration } from '../../output/units.ts';

const lookedEveryMs = 100;

export const adminShutdown = defineCommand({
  name: 'admin shutdown',
  group: 'server',
  wakesNobody: true,
  summary: 'Tell the server to end; guests run on',
  details: 'To stop the guests, too: gast stop --all before.',
  args: {},
  options: {
    timeout: text('-t, --timeout <time>', 'wait at most so long, like 90 or 2m; for ever without it'),
  },
  examples: [['gast admin shutdown', '']],
  async run(context, { options }) {
    const timeoutMs = options.timeout === undefined ? Number.POSITIVE_INFINITY : parseDuration(options.timeout);
    if (timeoutMs === undefined) throw usageError(`"${options.timeout}" is no time`, 'seconds, or like 90s, 2m');
    await context.client.call('PUT /internal/shutdown');
    for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += lookedEveryMs) {
      if (await gone(() => context.client.call('GET /internal/ready'))) return;
      await setTimeout(lookedEveryMs);
    }
    throw new CliError(`The server still answers after ${options.timeout}`, { exitCode: exitCodes.timeout });
  },
});

async function gone(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (error) {
    if (error instanceof ClientError) return true;
    throw error;
  }
}
