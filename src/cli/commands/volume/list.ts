import type { StorageVolume } from '../../../api/resources/volumes.ts';
import { defineCommand, flag, required } from '../../command.ts';
import {
  columnsHelp,
  compareCells,
  type LetterColumn,
  listOptions,
  printList,
  projectLetter,
} from '../../output/print-list.ts';

const columns: LetterColumn<StorageVolume>[] = [
  { letter: 't', header: 'TYPE', value: ({ type, name }) => (name.includes('/') ? `${type} (snapshot)` : type) },
  { letter: 'n', header: 'NAME', value: ({ name }) => name },
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
  { letter: 'c', header: 'CONTENT-TYPE', value: ({ content_type }) => content_type },
  { letter: 'u', header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
  { letter: 'L', header: 'LOCATION', value: ({ location }) => location, extra: true },
  projectLetter<StorageVolume>(),
];

export const volumeList = defineCommand({
  name: 'storage volume list',
  aliases: ['storage volume ls'],
  group: 'network-storage',
  summary: 'List the volumes of a storage pool: of guests, images and custom ones',
  details: columnsHelp(columns),
  args: { pool: required('pool', 'pool') },
  options: { ...listOptions, allProjects: flag('--all-projects', 'those of all projects') },
  examples: [['gast storage volume list default', '']],
  async run(context, { args, options }) {
    const volumes = await context.client.call('GET /1.0/storage-pools/{pool}/volumes', {
      params: { pool: args.pool },
      query: { recursion: '1', ...(options.allProjects ? { 'all-projects': 'true' } : {}) },
    });
    const sorted = (volumes as StorageVolume[]).toSorted((a, b) => compareCells([a.type, a.name], [b.type, b.name]));
    await printList(context, options, columns, sorted, 'kept');
  },
});
