import { defineCommand, required } from '../../command.ts';

export const snapshotRename = defineCommand({
  name: 'snapshot rename',
  group: 'snapshots',
  summary: 'Rename a snapshot',
  args: {
    instance: required('instance', 'instance'),
    snapshot: required('snapshot', 'snapshot'),
    newName: required('new-name'),
  },
  options: {},
  examples: [['gast snapshot rename web snap0 before-upgrade', '']],
  async run(context, { args }) {
    const started = await context.client.start('POST /1.0/instances/{name}/snapshots/{snapshot}', {
      params: { name: args.instance, snapshot: args.snapshot },
      body: { name: args.newName },
    });
    await context.follow(context.texts('renaming', { name: `${args.instance}/${args.snapshot}` }), started);
  },
});
