import type { Operation } from '../../../api/resources/operations.ts';
import { CliError } from '../../cli-error.ts';
import { defineCommand, required } from '../../command.ts';
import { isTrustToken, tokenName } from '../../objects/trust-tokens.ts';

export const trustRevokeToken = defineCommand({
  name: 'config trust revoke-token',
  group: 'server',
  summary: 'Take back a token before somebody uses it',
  args: { name: required('name') },
  options: {},
  examples: [['gast config trust revoke-token laptop', '']],
  async run(context, { args }) {
    const found = await context.client.call('GET /1.0/operations', { query: { recursion: '1', project: 'default' } });
    const tokens = (Object.values(found).flat() as Operation[]).filter(isTrustToken);
    const mine = tokens.filter((token) => tokenName(token) === args.name);
    if (mine.length === 0)
      throw new CliError(`There is no token for "${args.name}"`, { help: 'gast config trust list-tokens' });
    for (const { id } of mine) await context.client.call('DELETE /1.0/operations/{id}', { params: { id } });
  },
});
