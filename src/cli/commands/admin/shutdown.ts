import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { ClientError } from '../../../client/client-error.ts';
import { hasEnded, parseProcessStat } from '../../../lib/process-stat.ts';
import { CliError, exitCodes, usageError } from '../../cli-error.ts';
import { defineCommand, text } from '../../command.ts';
import type { Context } from '../../context.ts';
import { parseDuration } from '../../output/units.ts';

const lookedEveryMs = 50;

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
    const ended = await endOf(context);
    await context.client.call('PUT /internal/shutdown');
    for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += lookedEveryMs) {
      if (await ended()) return;
      await setTimeout(lookedEveryMs);
    }
    throw new CliError(`The server has not ended after ${options.timeout}`, { exitCode: exitCodes.timeout });
  },
});

/**
 * A server on this host has ended when its process has: it still writes its state after it has stopped answering, and who copies
 * that or starts another one must not meet it. Of others it is known only whether they answer.
 */
async function endOf({ client, server }: Context): Promise<() => boolean | Promise<boolean>> {
  if (server.remote.protocol === 'unix') {
    const pid = (await client.call('GET /1.0')).environment?.server_pid;
    const started = pid && startOf(pid);
    if (started) return () => startOf(pid) !== started;
  }
  return () => silent(() => client.call('GET /internal/ready'));
}

/** When a process was started, in ticks since the boot; undefined where it has ended or may not be seen (proc(5), hidepid). */
function startOf(pid: number): number | undefined {
  try {
    const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return hasEnded(stat) ? undefined : stat.startTicks;
  } catch {
    return undefined;
  }
}

async function silent(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (error) {
    if (error instanceof ClientError) return true;
    throw error;
  }
}
