import { any, defineCommand, required, text } from '../../command.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const volumeCreate = defineCommand({
  name: 'storage volume create',
  group: 'network-storage',
  summary: 'Create a custom volume, for files or as a disk',
  args: { pool: required('pool', 'pool'), volume: required('volume'), keys: any('key=value') },
  options: {
    type: text('--type <type>', 'filesystem (default) or block', ['filesystem', 'block']),
    description: text('--description <text>', 'description'),
  },
  examples: [
    ['gast storage volume create default data', ''],
    ['gast storage volume create default disk1 --type block size=20GiB', 'a disk'],
  ],
  async run(context, { args, options }) {
    await context.client.call('POST /1.0/storage-pools/{pool}/volumes/{type}', {
      params: { pool: args.pool, type: 'custom' },
      body: {
        name: args.volume,
        type: 'custom',
        content_type: options.type ?? 'filesystem',
        config: parseKeyValues(args.keys),
        ...(options.description === undefined ? {} : { description: options.description }),
      },
    });
  },
});
