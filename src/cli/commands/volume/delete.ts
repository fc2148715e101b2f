import { defineCommand, required, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';
import { volumeParams } from '../../objects/volumes.ts';

export const volumeDelete = defineCommand({
  name: 'storage volume delete',
  aliases: ['storage volume rm'],
  group: 'network-storage',
  summary: 'Delete custom volumes that nobody uses, with their snapshots',
  args: { pool: required('pool', 'pool'), volumes: some('volume') },
  options: {},
  examples: [['gast storage volume delete default data', '']],
  run: (context, { args }) =>
    forEachNamed(context, args.volumes, async (volume) => {
      await context.client.call('DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}', {
        params: volumeParams(args.pool, volume),
      });
    }),
});
