import { defineCommand, required } from '../../command.ts';
import { volumeParams } from '../../objects/volumes.ts';

export const volumeRename = defineCommand({
  name: 'storage volume rename',
  group: 'network-storage',
  summary: 'Rename a custom volume; devices that name it follow',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume'), newName: required('new-name') },
  options: {},
  examples: [['gast storage volume rename default data archive', '']],
  async run(context, { args }) {
    await context.client.call('POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}', {
      params: volumeParams(args.pool, args.volume),
      body: { name: args.newName },
    });
  },
});
