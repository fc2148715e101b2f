import { any, defineCommand, required, text } from '../../command.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const storageCreate = defineCommand({
  name: 'storage create',
  group: 'network-storage',
  summary: 'Create a storage pool',
  args: { pool: required('pool'), driver: required('driver', ['overlay', 'dir']), keys: any('key=value') },
  options: { description: text('--description <text>', 'description') },
  examples: [['gast storage create fast overlay source=/srv/fast', '']],
  async run(context, { args, options }) {
    await context.client.call('POST /1.0/storage-pools', {
      body: {
        name: args.pool,
        driver: args.driver,
        config: parseKeyValues(args.keys),
        ...(options.description === undefined ? {} : { description: options.description }),
      },
    });
  },
});
