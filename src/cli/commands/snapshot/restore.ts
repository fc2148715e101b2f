import { defineCommand, required } from '../../command.ts';

export const snapshotRestore = defineCommand({
  name: 'snapshot restore',
  group: 'snapshots',
  summary: 'Put a guest back to what it was at a snapshot',
  args: { instance: required('instance', 'instance'), snapshot: required('snapshot', 'snapshot') },
  options: {},
  examples: [['gast snapshot restore web before-upgrade', 'the guest must be stopped']],
  async run(context, { args }) {
    const started = await context.client.start('PUT /1.0/instances/{name}', {
      params: { name: args.instance },
      body: { restore: args.snapshot },
    });
    await context.follow(context.texts('restoring', { name: args.instance }), started);
  },
});
