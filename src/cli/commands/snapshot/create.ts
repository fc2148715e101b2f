import { ClientError } from '../../../client/client-error.ts';
import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, optional, required, text } from '../../command.ts';
import type { Context } from '../../context.ts';
import { parseDuration } from '../../output/units.ts';

export const snapshotCreate = defineCommand({
  name: 'snapshot create',
  group: 'snapshots',
  summary: 'Take a snapshot of a guest, running or stopped',
  args: { instance: required('instance', 'instance'), snapshot: optional('snapshot') },
  options: {
    reuse: flag('--reuse', 'replace one of the same name'),
    noExpiry: flag('--no-expiry', 'keep it for ever'),
    expiry: text('--expiry <time>', 'delete it after this time, like 30d'),
    description: text('--description <text>', 'description'),
    stateful: flag('--stateful', 'with its memory (virtual machines)'),
  },
  examples: [
    ['gast snapshot create web before-upgrade', ''],
    ['gast snapshot create web', 'the server chooses a name'],
  ],
  async run(context, { args, options }) {
    const { instance: name, snapshot } = args;
    if (options.reuse && snapshot !== undefined) await removeOld(context, name, snapshot);
    const started = await context.client.start('POST /1.0/instances/{name}/snapshots', {
      params: { name },
      body: {
        ...(snapshot === undefined ? {} : { name: snapshot }),
        stateful: options.stateful,
        ...expiryOf(options),
        ...(options.description === undefined ? {} : { description: options.description }),
      },
    });
    const ended = await context.follow(context.texts('snapshotting', { name }), started);
    const url = Object.values(ended.resources)
      .flat()
      .find((one) => one.includes('/snapshots/'));
    context.print(`${snapshot ?? decodeURIComponent(url?.split('?')[0]?.split('/').at(-1) ?? '')}\n`);
  },
});

async function removeOld(context: Context, name: string, snapshot: string): Promise<void> {
  const params = { name, snapshot };
  try {
    await context.client.operation('DELETE /1.0/instances/{name}/snapshots/{snapshot}', { params });
  } catch (error) {
    if (!(error instanceof ClientError && error.status === 404)) throw error;
  }
}

function expiryOf({ noExpiry, expiry }: { noExpiry: boolean; expiry: string | undefined }): { expires_at?: string } {
  if (noExpiry) return { expires_at: '0001-01-01T00:00:00Z' };
  if (expiry === undefined) return {};
  const ms = parseDuration(expiry);
  if (ms === undefined) throw usageError(`--expiry ${expiry} is no time`, 'like 30d, 12h');
  return { expires_at: new Date(Date.now() + ms).toISOString() };
}
