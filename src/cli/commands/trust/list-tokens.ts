import type { Operation } from '../../../api/resources/operations.ts';
import { defineCommand } from '../../command.ts';
import { isTrustToken, tokenExpiry, tokenName, tokenText } from '../../objects/trust-tokens.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';

const columns: LetterColumn<Operation>[] = [
  { letter: 'n', header: 'NAME', value: tokenName },
  { letter: 't', header: 'TOKEN', value: tokenText },
  { letter: 'E', header: 'EXPIRES AT', value: tokenExpiry },
];

export const trustListTokens = defineCommand({
  name: 'config trust list-tokens',
  group: 'server',
  summary: 'List the tokens that nobody has used yet',
  details: columnsHelp(columns),
  args: {},
  options: listOptions,
  examples: [['gast config trust list-tokens', '']],
  async run(context, { options }) {
    const found = await context.client.call('GET /1.0/operations', { query: { recursion: '1', project: 'default' } });
    const tokens = (Object.values(found).flat() as Operation[]).filter(isTrustToken);
    await printList(context, options, columns, tokens);
  },
});
