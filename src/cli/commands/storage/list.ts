import type { StoragePool } from '../../../api/resources/storage.ts';
import { defineCommand } from '../../command.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<StoragePool>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'DRIVER', value: ({ driver }) => driver },
  { header: 'SOURCE', value: ({ config }) => config.source ?? '' },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
  { header: 'STATE', value: ({ status }) => status.toUpperCase() },
];

export const storageList = defineCommand({
  name: 'storage list',
  aliases: ['storage ls'],
  group: 'network-storage',
  summary: 'List the storage pools',
  args: {},
  options: { format: formatOption },
  examples: [['gast storage list', '']],
  async run(context, { options }) {
    const pools = (await context.client.call('GET /1.0/storage-pools', { query: { recursion: '1' } })) as StoragePool[];
    await printRows(context, options.format, columns, pools);
  },
});
