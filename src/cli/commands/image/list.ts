import type { Image } from '../../../api/resources/images.ts';
import { any, defineCommand, flag } from '../../command.ts';
import { allProjectsOption, allProjectsQuery } from '../../objects/all-projects.ts';
import { columnsHelp, type LetterColumn, listOptions, printList, projectLetter } from '../../output/print-list.ts';
import { type Column, printRows } from '../../output/print-rows.ts';
import { formatBytes, formatTime } from '../../output/units.ts';
import { listStreamImages } from '../../remotes/stream-server.ts';

const columns: LetterColumn<Image>[] = [
  { letter: 'l', header: 'ALIAS', value: (image) => shortestAlias(image) },
  { letter: 'L', header: 'ALIASES', value: ({ aliases }) => aliases.map(({ name }) => name).join('\n'), extra: true },
  { letter: 'f', header: 'FINGERPRINT', value: ({ fingerprint }) => fingerprint.slice(0, 12) },
  { letter: 'F', header: 'FINGERPRINT', value: ({ fingerprint }) => fingerprint, extra: true },
  { letter: 'p', header: 'PUBLIC', value: (image) => (image.public ? 'yes' : 'no') },
  { letter: 'd', header: 'DESCRIPTION', value: ({ properties }) => properties.description ?? '' },
  { letter: 'a', header: 'ARCHITECTURE', value: ({ architecture }) => architecture },
  { letter: 't', header: 'TYPE', value: ({ type }) => type.toUpperCase() },
  { letter: 's', header: 'SIZE', value: ({ size }) => formatBytes(size) },
  { letter: 'u', header: 'UPLOAD DATE', value: ({ uploaded_at }) => formatTime(uploaded_at) },
  projectLetter<Image>(),
];

function shortestAlias({ aliases }: Image): string {
  const [first = '', ...others] = aliases.map(({ name }) => name).sort((a, b) => a.length - b.length);
  return others.length === 0 ? first : `${first} (${others.length} more)`;
}

export const imageList = defineCommand({
  name: 'image list',
  aliases: ['image ls'],
  group: 'images',
  summary: 'List the images, and what can be built',
  details: columnsHelp(columns),
  args: { filters: any('filter', 'image') },
  options: {
    ...listOptions,
    recipes: flag('--recipes', 'what can be built here instead'),
    allProjects: allProjectsOption,
  },
  examples: [
    ['gast image list', 'all images'],
    ['gast image list debian', 'by alias, fingerprint or property'],
    ['gast image list images: alpine', 'those of an image server'],
    ['gast image list --recipes', 'what gast image build can make'],
  ],
  onImageServers: true,
  async run(context, { args, options }) {
    if (options.recipes)
      return printRows(context, options.format, recipeColumns, await context.client.call('GET /1.0/images/recipes'));
    const { url, protocol } = context.server.remote;
    const query = { recursion: '1', ...allProjectsQuery(options.allProjects) };
    const images =
      protocol === 'simplestreams'
        ? await listStreamImages(url)
        : ((await context.client.call('GET /1.0/images', { query })) as Image[]);
    const fits = images.filter((image) => args.filters.every((filter) => matches(image, filter)));
    await printList(context, options, columns, fits);
  },
});

const recipeColumns: Column<{ alias: string; description: string; architecture: string; types: string[] }>[] = [
  { header: 'ALIAS', value: ({ alias }) => alias },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'ARCHITECTURE', value: ({ architecture }) => architecture },
  { header: 'TYPES', value: ({ types }) => types.map((type) => type.toUpperCase()).join(', ') },
];

function matches(image: Image, filter: string): boolean {
  const at = filter.indexOf('=');
  if (at > 0) return image.properties[filter.slice(0, at)] === filter.slice(at + 1);
  return image.fingerprint.startsWith(filter) || image.aliases.some(({ name }) => name.includes(filter));
}
