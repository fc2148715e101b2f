import { defineCommand } from '../../command.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';
import { builtIn, local, type Remote, readRemotes } from '../../remotes/remotes-file.ts';

type Row = Remote & { name: string; chosen: boolean };
const yes = (value: boolean) => (value ? 'YES' : 'NO');

const columns: Column<Row>[] = [
  { header: 'NAME', value: ({ name, chosen }) => (chosen ? `${name} (current)` : name) },
  { header: 'URL', value: ({ url }) => url },
  { header: 'PROTOCOL', value: ({ protocol }) => (protocol === 'unix' ? 'incus' : protocol) },
  {
    header: 'AUTH TYPE',
    value: ({ protocol, public: open }) => (protocol === 'unix' ? 'file access' : open ? 'none' : 'tls'),
  },
  { header: 'PUBLIC', value: (row) => yes(row.public) },
  { header: 'STATIC', value: ({ name }) => yes(name === local || Object.hasOwn(builtIn, name)) },
];

export const remoteList = defineCommand({
  name: 'remote list',
  aliases: ['remote ls'],
  group: 'server',
  summary: 'List the servers that are known by name',
  args: {},
  options: { format: formatOption },
  examples: [['gast remote list', '']],
  async run(context, { options }) {
    const known = readRemotes(context.env);
    const names = Object.keys(known.remotes).sort();
    const rows = names.flatMap((name) => {
      const remote = known.remotes[name];
      return remote ? [{ ...remote, name, chosen: name === known.default }] : [];
    });
    await printRows(context, options.format, columns, rows, known.remotes);
  },
});
