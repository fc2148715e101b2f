import { defineCommand, required } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';

export const snapshotShow = defineCommand({
  name: 'snapshot show',
  group: 'snapshots',
  summary: 'Show a snapshot as YAML',
  args: { instance: required('instance', 'instance'), snapshot: required('snapshot', 'snapshot') },
  options: {},
  examples: [['gast snapshot show web before-upgrade', '']],
  async run(context, { args }) {
    const params = { name: args.instance, snapshot: args.snapshot };
    await printObject(
      context,
      'yaml',
      await context.client.call('GET /1.0/instances/{name}/snapshots/{snapshot}', { params }),
    );
  },
});
