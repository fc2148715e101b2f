import type { Image } from '../../../api/resources/images.ts';
import { any, defineCommand, flag } from '../../command.ts';
import { allProjectsOption, allProjectsQuery, projectColumn } from '../../objects/all-projects.ts';
import { type Column, formatOption, printRows } from '../../output/print-rows.ts';
import { formatBytes, formatTime } from '../../output/units.ts';
import { listStreamImages } from '../../remotes/stream-server.ts';

const columns: Column<Image>[] = [
  { header: 'ALIAS', value: ({ aliases }) => aliases.map(({ name }) => name).join('\n') },
  { header: 'FINGERPRINT', value: ({ fingerprint }) => fingerprint.slice(0, 12) },
  { header: 'PUBLIC', value: (image) => (image.public ? 'yes' : 'no') },
  { header: 'DESCRIPTION', value: ({ properties }) => properties.description ?? '' },
  { header: 'ARCHITECTURE', value: ({ architecture }) => architecture },
  { header: 'TYPE', value: ({ type }) => type.toUpperCase() },
  { header: 'SIZE', value: ({ size }) => formatBytes(size) },
  { header: 'UPLOAD DATE', value: ({ uploaded_at }) => formatTime(uploaded_at) },
];

export const imageList = defineCommand({
  name: 'image list',
  aliases: ['image ls'],
  group: 'images',
  summary: 'List the images, and what can be built',
  args: { filters: any('filter', 'image') },
  options: {
    format: formatOption,
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
    await printRows(context, options.format, [...projectColumn<Image>(options.allProjects), ...columns], fits);
  },
});

const recipeColumns: Column<{ alias: string; description: string; architecture: string }>[] = [
  { header: 'ALIAS', value: ({ alias }) => alias },
  { header: 'DESCRIPTION', value: ({ description }) => description },
  { header: 'ARCHITECTURE', value: ({ architecture }) => architecture },
];

function matches(image: Image, filter: string): boolean {
  const at = filter.indexOf('=');
  if (at > 0) return image.properties[filter.slice(0, at)] === filter.slice(at + 1);
  return image.fingerprint.startsWith(filter) || image.aliases.some(({ name }) => name.includes(filter));
}
