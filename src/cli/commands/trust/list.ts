import { X509Certificate } from 'node:crypto';
import type { Certificate } from '../../../api/resources/certificates.ts';
import { defineCommand } from '../../command.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<Certificate>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'TYPE', value: ({ type }) => type },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'FINGERPRINT', value: ({ fingerprint }) => fingerprint.slice(0, 12) },
  { header: 'PROJECTS', value: ({ restricted, projects }) => (restricted ? projects.join(', ') : '') },
  { header: 'EXPIRY DATE', value: ({ certificate }) => expiryOf(certificate) },
];

const expiryOf = (pem: string) => new X509Certificate(pem).validToDate.toISOString().slice(0, 10);

export const trustList = defineCommand({
  name: 'config trust list',
  aliases: ['config trust ls'],
  group: 'server',
  summary: 'List the certificates that the server trusts, and the projects that they are confined to',
  args: {},
  options: { format: formatOption },
  examples: [['gast config trust list', '']],
  async run(context, { options }) {
    const found = (await context.client.call('GET /1.0/certificates', { query: { recursion: '1' } })) as Certificate[];
    await printRows(context, options.format, columns, found);
  },
});
