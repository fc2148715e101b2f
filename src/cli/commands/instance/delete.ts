import { CliError, usageError } from '../../cli-error.ts';
import { defineCommand, flag, some } from '../../command.ts';
import type { Context } from '../../context.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';
import { fetchInstance, splitSnapshot } from '../../objects/instances.ts';
import { confirm } from '../../terminal/confirm.ts';

export const deleteInstance = defineCommand({
  name: 'delete',
  aliases: ['rm'],
  group: 'guests',
  summary: 'Delete guests with their snapshots',
  args: { instances: some('instance', 'instance') },
  options: {
    force: flag('-f, --force', 'stop running guests first'),
    interactive: flag('-i, --interactive', 'ask before each'),
  },
  examples: [
    ['gast delete old', 'a stopped guest'],
    ['gast delete -f web db', 'also running ones'],
  ],
  async run(context, { args, options }) {
    for (const name of args.instances) {
      if (splitSnapshot(name).snapshot !== undefined)
        throw usageError(`"${name}" is a snapshot`, `gast snapshot delete ${name.replace('/', ' ')}`);
    }
    if (options.interactive && !(await confirm(context, `Delete ${args.instances.join(', ')}?`))) {
      throw new CliError(context.texts('not-deleted'));
    }
    return forEachNamed(context, args.instances, (name) => deleteOne(context, name, options.force));
  },
});

async function deleteOne(context: Context, name: string, force: boolean): Promise<void> {
  const params = { name };
  const label = context.texts('deleting', { name });
  const { status, ephemeral } = await fetchInstance(context, name);
  if (status !== 'Stopped' && force) {
    const body = { action: 'stop', timeout: -1, force: true };
    await context.follow(label, await context.client.start('PUT /1.0/instances/{name}/state', { params, body }));
    // An ephemeral guest is gone when it stops.
    if (ephemeral) return;
  }
  await context.follow(label, await context.client.start('DELETE /1.0/instances/{name}', { params }));
}
