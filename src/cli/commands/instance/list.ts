import { any, defineCommand, flag, text } from '../../command.ts';
import { columnLetters, defaultColumns, parseColumns } from '../../objects/instance-columns.ts';
import { parseFilters } from '../../objects/instance-filters.ts';
import { fetchInstances } from '../../objects/instances.ts';
import { compareNatural } from '../../output/print-list.ts';
import { formatOption, printRows } from '../../output/print-rows.ts';

const letters = columnLetters.map(({ letter, header }) => `  ${letter}  ${header.toLowerCase()}`).join('\n');

export const list = defineCommand({
  name: 'list',
  aliases: ['ls'],
  group: 'guests',
  summary: 'List the guests',
  details: `A filter is the beginning of a name, a regular expression, or key=value (status=running, image=debian,
limits.cpu=2, user.tag=prod). Columns are letters, or keys as [config:|devices:]KEY[:HEADER[:WIDTH]]:

${letters}`,
  args: { filters: any('filter', 'instance') },
  options: {
    columns: text('-c, --columns <columns>', `columns to show (${defaultColumns} without it)`),
    format: formatOption,
    fast: flag('--fast', 'only columns that need no look at the guests (nsacPt)'),
    allProjects: flag('--all-projects', 'of all projects'),
  },
  examples: [
    ['gast list', 'all guests with state and addresses'],
    ['gast list web status=running', 'running guests whose names begin with web'],
    ['gast list -c ns4,limits.memory:LIMIT', 'name, state, address and one key'],
    ['gast list --format json', 'the objects of the API'],
  ],
  async run(context, { args, options }) {
    const columns = parseColumns(
      options.columns ?? (options.fast ? 'nsacPt' : `${options.allProjects ? 'e' : ''}${defaultColumns}`),
    );
    const fits = parseFilters(args.filters);
    const asObjects = options.format === 'json' || options.format === 'yaml';
    const needsAddresses = args.filters.some((filter) => /^ipv[46]=/.test(filter));
    const live = needsAddresses || (asObjects ? !options.fast : columns.some((column) => column.live));
    const instances = (await fetchInstances(context, { live, allProjects: options.allProjects })).filter(fits);
    instances.sort((a, b) => compareNatural(a.name, b.name));
    await printRows(context, options.format, columns, instances);
  },
});
