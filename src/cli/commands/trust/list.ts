import { X509Certificate } from 'node:crypto';
import type { Certificate } from '../../../api/resources/certificates.ts';
import { defineCommand } from '../../command.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';

const columns: LetterColumn<Certificate>[] = [
  { letter: 'n', header: 'NAME', value: ({ name }) => name },
  { letter: 't', header: 'TYPE', value: ({ type }) => type },
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
  { letter: 'f', header: 'FINGERPRINT', value: ({ fingerprint }) => fingerprint.slice(0, 12) },
  {
    letter: 'p',
    header: 'PROJECTS',
    value: ({ restricted, projects }) => (restricted ? projects.join(', ') : ''),
    extra: true,
  },
  { letter: 'e', header: 'EXPIRY DATE', value: ({ certificate }) => expiryOf(certificate) },
];

const expiryOf = (pem: string) => new X509Certificate(pem).validToDate.toISOString().slice(0, 10);

export const trustList = defineCommand({
  name: 'config trust list',
  aliases: ['config trust ls'],
  group: 'server',
  summary: 'List the certificates that the server trusts, and the projects that they are confined to',
  details: columnsHelp(columns),
  args: {},
  options: { ...listOptions },
  examples: [['gast config trust list', '']],
  async run(context, { options }) {
    const found = (await context.client.call('GET /1.0/certificates', { query: { recursion: '1' } })) as Certificate[];
    await printList(context, options, columns, found);
  },
});
