import { defineCommand, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';

export const trustRemove = defineCommand({
  name: 'config trust remove',
  aliases: ['config trust rm'],
  group: 'server',
  summary: 'Trust certificates no more; it holds from their next request on',
  args: { fingerprints: some('fingerprint') },
  options: {},
  examples: [['gast config trust remove cc3272724b73', '']],
  run: (context, { args }) =>
    forEachNamed(context, args.fingerprints, async (fingerprint) => {
      await context.client.call('DELETE /1.0/certificates/{fingerprint}', { params: { fingerprint } });
    }),
});
