import { defineCommand, flag, required } from '../../command.ts';
import { formatBytes } from '../../output/units.ts';

export const storageInfo = defineCommand({
  name: 'storage info',
  group: 'network-storage',
  summary: 'Show the space of a storage pool and who uses it',
  args: { pool: required('pool', 'pool') },
  options: { bytes: flag('--bytes', 'exact numbers of bytes') },
  examples: [['gast storage info default', '']],
  async run(context, { args, options }) {
    const params = { name: args.pool };
    const [pool, { space, inodes }] = await Promise.all([
      context.client.call('GET /1.0/storage-pools/{name}', { params }),
      context.client.call('GET /1.0/storage-pools/{name}/resources', { params }),
    ]);
    const size = (bytes: number) => (options.bytes ? String(bytes) : formatBytes(bytes));
    const lines = [
      `Name: ${pool.name}`,
      `Driver: ${pool.driver}`,
      ...(pool.description ? [`Description: ${pool.description}`] : []),
      `Space used: ${size(space.used)}`,
      `Space total: ${size(space.total)}`,
      ...(inodes.total > 0 ? [`Inodes: ${inodes.used} of ${inodes.total}`] : []),
      'Used by:',
      ...pool.used_by.map((url) => `  ${url}`),
    ];
    context.print(`${lines.join('\n')}\n`);
  },
});
