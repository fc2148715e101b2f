import { defineCommand, required, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';

export const snapshotDelete = defineCommand({
  name: 'snapshot delete',
  aliases: ['snapshot rm'],
  group: 'snapshots',
  summary: 'Delete snapshots of a guest',
  args: { instance: required('instance', 'instance'), snapshots: some('snapshot', 'snapshot') },
  options: {},
  examples: [['gast snapshot delete web before-upgrade', '']],
  run: (context, { args }) =>
    forEachNamed(context, args.snapshots, async (snapshot) => {
      const params = { name: args.instance, snapshot };
      const started = await context.client.start('DELETE /1.0/instances/{name}/snapshots/{snapshot}', { params });
      await context.follow(context.texts('deleting', { name: `${args.instance}/${snapshot}` }), started);
    }),
});
