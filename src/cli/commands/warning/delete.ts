import type { Warning } from '../../../api/resources/warnings.ts';
import { usageError } from '../../cli-error.ts';
import { any, defineCommand, flag } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';

export const warningDelete = defineCommand({
  name: 'warning delete',
  aliases: ['warning rm'],
  group: 'server',
  summary: 'Delete warnings; one whose reason lasts comes back',
  args: { uuids: any('uuid', 'warning') },
  options: { all: flag('-a, --all', 'all warnings') },
  examples: [
    ['gast warning delete 4be1...', ''],
    ['gast warning delete --all', ''],
  ],
  async run(context, { args, options }) {
    if (options.all === args.uuids.length > 0) throw usageError('Which warning?', 'its uuid, or --all');
    const found = options.all
      ? ((await context.client.call('GET /1.0/warnings', { query: { recursion: '1' } })) as Warning[])
      : [];
    return forEachNamed(context, options.all ? found.map(({ uuid }) => uuid) : args.uuids, async (uuid) => {
      await context.client.call('DELETE /1.0/warnings/{uuid}', { params: { uuid } });
    });
  },
});
