import { defineCommand } from '../../command.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';
import { builtIn, local, type Remote, readRemotes } from '../../remotes/remotes-file.ts';

type Row = Remote & { name: string; chosen: boolean };
const yes = (value: boolean) => (value ? 'YES' : 'NO');

const columns: LetterColumn<Row>[] = [
  { letter: 'n', header: 'NAME', value: ({ name, chosen }) => (chosen ? `${name} (current)` : name) },
  { letter: 'u', header: 'URL', value: ({ url }) => url },
  { letter: 'p', header: 'PROTOCOL', value: ({ protocol }) => (protocol === 'unix' ? 'incus' : protocol) },
  {
    letter: 'a',
    header: 'AUTH TYPE',
    value: ({ protocol, public: open }) => (protocol === 'unix' ? 'file access' : open ? 'none' : 'tls'),
  },
  { letter: 'P', header: 'PUBLIC', value: (row) => yes(row.public) },
  { letter: 's', header: 'STATIC', value: ({ name }) => yes(name === local || Object.hasOwn(builtIn, name)) },
  // Remotes of a whole computer: there are none, each user has an own list.
  { letter: 'g', header: 'GLOBAL', value: () => 'NO' },
];

export const remoteList = defineCommand({
  name: 'remote list',
  aliases: ['remote ls'],
  group: 'server',
  summary: 'List the servers that are known by name',
  details: columnsHelp(columns),
  args: {},
  options: listOptions,
  examples: [['gast remote list', '']],
  async run(context, { options }) {
    const known = readRemotes(context.env);
    const names = Object.keys(known.remotes).sort();
    const rows = names.flatMap((name) => {
      const remote = known.remotes[name];
      return remote ? [{ ...remote, name, chosen: name === known.default }] : [];
    });
    await printList(context, options, columns, rows, 'natural', known.remotes);
  },
});
