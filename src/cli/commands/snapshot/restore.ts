import { defineCommand, flag, required } from '../../command.ts';

export const snapshotRestore = defineCommand({
  name: 'snapshot restore',
  group: 'snapshots',
  summary: 'Put a guest back to what it was at a snapshot',
  args: { instance: required('instance', 'instance'), snapshot: required('snapshot', 'snapshot') },
  options: { stateful: flag('--stateful', 'with its memory: it goes on where it was (virtual machines)') },
  examples: [['gast snapshot restore web before-upgrade', 'the guest must be stopped']],
  async run(context, { args, options }) {
    const started = await context.client.start('PUT /1.0/instances/{name}', {
      params: { name: args.instance },
      body: { restore: args.snapshot, ...(options.stateful ? { stateful: true } : {}) },
    });
    await context.follow(context.texts('restoring', { name: args.instance }), started);
  },
});
