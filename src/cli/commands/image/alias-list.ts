import type { ImageAliasesEntry } from '../../../api/resources/images.ts';
import { any, defineCommand } from '../../command.ts';
import { fetchAliases } from '../../objects/image-aliases.ts';
import { columnsHelp, type LetterColumn, listOptions, printList } from '../../output/print-list.ts';

const columns: LetterColumn<ImageAliasesEntry>[] = [
  { letter: 'a', header: 'ALIAS', value: ({ name }) => name },
  { letter: 'f', header: 'FINGERPRINT', value: ({ target }) => target.slice(0, 12) },
  { letter: 't', header: 'TYPE', value: ({ type }) => type.toUpperCase() },
  { letter: 'd', header: 'DESCRIPTION', value: ({ description }) => description },
];

export const imageAliasList = defineCommand({
  name: 'image alias list',
  aliases: ['image alias ls'],
  group: 'images',
  summary: 'List the aliases of images',
  details: columnsHelp(columns),
  args: { filters: any('filter', 'alias') },
  options: { ...listOptions },
  examples: [['gast image alias list', '']],
  async run(context, { args, options }) {
    const aliases = await fetchAliases(context);
    const fits = aliases.filter(({ name, target }) =>
      args.filters.every((one) => name.includes(one) || target.startsWith(one)),
    );
    await printList(context, options, columns, fits);
  },
});
