import type { Operation } from '../../../api/resources/operations.ts';
import { defineCommand } from '../../command.ts';
import { isTrustToken, tokenExpiry, tokenName, tokenText } from '../../objects/trust-tokens.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<Operation>[] = [
  { header: 'NAME', value: tokenName },
  { header: 'TOKEN', value: tokenText },
  { header: 'EXPIRES AT', value: tokenExpiry },
];

export const trustListTokens = defineCommand({
  name: 'config trust list-tokens',
  group: 'server',
  summary: 'List the tokens that nobody has used yet',
  args: {},
  options: { format: formatOption },
  examples: [['gast config trust list-tokens', '']],
  async run(context, { options }) {
    const found = await context.client.call('GET /1.0/operations', { query: { recursion: '1', project: 'default' } });
    const tokens = (Object.values(found).flat() as Operation[]).filter(isTrustToken);
    await printRows(context, options.format, columns, tokens);
  },
});
