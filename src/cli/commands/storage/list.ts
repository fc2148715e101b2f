import type { StoragePool } from '../../../api/resources/storage.ts';
import { defineCommand } from '../../command.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';

const columns: LetterColumn<StoragePool>[] = [
  { letter: 'n', header: 'NAME', value: ({ name }) => name },
  { letter: 'D', header: 'DRIVER', value: ({ driver }) => driver },
  { letter: 'S', header: 'SOURCE', value: ({ config }) => config.source ?? '', extra: true },
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
  { letter: 'u', header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
  { letter: 's', header: 'STATE', value: ({ status }) => status.toUpperCase() },
];

export const storageList = defineCommand({
  name: 'storage list',
  aliases: ['storage ls'],
  group: 'network-storage',
  summary: 'List the storage pools',
  details: columnsHelp(columns),
  args: {},
  options: { ...listOptions },
  examples: [['gast storage list', '']],
  async run(context, { options }) {
    const pools = (await context.client.call('GET /1.0/storage-pools', { query: { recursion: '1' } })) as StoragePool[];
    await printList(context, options, columns, pools);
  },
});
