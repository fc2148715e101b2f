import type { StorageVolume } from '../../../api/resources/volumes.ts';
import { defineCommand, flag, required } from '../../command.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<StorageVolume>[] = [
  { header: 'TYPE', value: ({ type, name }) => (name.includes('/') ? `${type} (snapshot)` : type) },
  { header: 'NAME', value: ({ name }) => name },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'CONTENT-TYPE', value: ({ content_type }) => content_type },
  { header: 'USED BY', value: ({ used_by }) => String(used_by.length) },
];

export const volumeList = defineCommand({
  name: 'storage volume list',
  aliases: ['storage volume ls'],
  group: 'network-storage',
  summary: 'List the volumes of a storage pool: of guests, images and custom ones',
  args: { pool: required('pool', 'pool') },
  options: { format: formatOption, allProjects: flag('--all-projects', 'those of all projects') },
  examples: [['gast storage volume list default', '']],
  async run(context, { args, options }) {
    const volumes = await context.client.call('GET /1.0/storage-pools/{pool}/volumes', {
      params: { pool: args.pool },
      query: { recursion: '1', ...(options.allProjects ? { 'all-projects': 'true' } : {}) },
    });
    await printRows(context, options.format, columns, volumes as StorageVolume[]);
  },
});
