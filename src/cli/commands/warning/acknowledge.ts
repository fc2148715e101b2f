import { defineCommand, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';

export const warningAcknowledge = defineCommand({
  name: 'warning acknowledge',
  aliases: ['warning ack'],
  group: 'server',
  summary: 'Say that warnings are known; lists leave them out then',
  args: { uuids: some('uuid', 'warning') },
  options: {},
  examples: [['gast warning acknowledge 4be1...', '']],
  run: (context, { args }) =>
    forEachNamed(context, args.uuids, async (uuid) => {
      await context.client.call('PUT /1.0/warnings/{uuid}', { params: { uuid }, body: { status: 'acknowledged' } });
    }),
});
