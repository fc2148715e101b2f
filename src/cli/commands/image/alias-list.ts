import type { ImageAliasesEntry } from '../../../api/resources/images.ts';
import { any, defineCommand } from '../../command.ts';
import { fetchAliases } from '../../objects/image-aliases.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';

const columns: Column<ImageAliasesEntry>[] = [
  { header: 'ALIAS', value: ({ name }) => name },
  { header: 'FINGERPRINT', value: ({ target }) => target.slice(0, 12) },
  { header: 'TYPE', value: ({ type }) => type.toUpperCase() },
  { header: 'DESCRIPTION', value: ({ description }) => description },
];

export const imageAliasList = defineCommand({
  name: 'image alias list',
  aliases: ['image alias ls'],
  group: 'images',
  summary: 'List the aliases of images',
  args: { filters: any('filter', 'alias') },
  options: { format: formatOption },
  examples: [['gast image alias list', '']],
  async run(context, { args, options }) {
    const aliases = await fetchAliases(context);
    const fits = aliases.filter(({ name, target }) =>
      args.filters.every((one) => name.includes(one) || target.startsWith(one)),
    );
    await printRows(context, options.format, columns, fits);
  },
});
