import type { Warning } from '../../../api/resources/warnings.ts';
import { defineCommand, flag } from '../../command.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';
import { formatTime } from '../../output/units.ts';

const columns: LetterColumn<Warning>[] = [
  { letter: 'u', header: 'UUID', value: ({ uuid }) => uuid },
  { letter: 't', header: 'TYPE', value: ({ type }) => type },
  { letter: 'S', header: 'STATUS', value: ({ status }) => status.toUpperCase() },
  { letter: 's', header: 'SEVERITY', value: ({ severity }) => severity.toUpperCase() },
  { letter: 'c', header: 'COUNT', value: ({ count }) => String(count) },
  { letter: 'p', header: 'PROJECT', value: ({ project }) => project },
  { letter: 'm', header: 'MESSAGE', value: ({ last_message }) => last_message },
  { letter: 'l', header: 'LAST SEEN', value: ({ last_seen_at }) => formatTime(last_seen_at) },
  { letter: 'f', header: 'FIRST SEEN', value: ({ first_seen_at }) => formatTime(first_seen_at), extra: true },
  { letter: 'L', header: 'LOCATION', value: ({ location }) => location, extra: true },
];

export const warningList = defineCommand({
  name: 'warning list',
  aliases: ['warning ls'],
  group: 'server',
  summary: 'List what is wrong with the server or something in it, and lasts',
  details: columnsHelp(columns),
  args: {},
  options: {
    ...listOptions,
    all: flag('-a, --all', 'also those that are acknowledged or resolved'),
  },
  examples: [['gast warning list', '']],
  async run(context, { options }) {
    const all = (await context.client.call('GET /1.0/warnings', { query: { recursion: '1' } })) as Warning[];
    const shown = options.all ? all : all.filter(({ status }) => status === 'new');
    await printList(context, options, columns, shown);
  },
});
