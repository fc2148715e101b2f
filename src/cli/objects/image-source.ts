/** Finds the image that a word means: alias, fingerprint, or a recipe that is built first. */
import type { Image } from '../../api/resources/images.ts';
import type { Client } from '../../client/client.ts';
import { ClientError } from '../../client/client-error.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';

export type GuestType = 'container' | 'virtual-machine';

/** Asks as Incus clients do: alias first, then a beginning of a fingerprint. */
export const findImage = (context: Context, word: string, type?: GuestType): Promise<Image | undefined> =>
  findImageOf(context.client, word, type);

async function findImageOf(client: Client, word: string, type?: GuestType): Promise<Image | undefined> {
  const fingerprint = (await orAbsent(aliasOf(client, word, type)))?.target;
  if (fingerprint === undefined && !/^[0-9a-f]{4,64}$/.test(word)) return undefined;
  return orAbsent(client.call('GET /1.0/images/{fingerprint}', { params: { fingerprint: fingerprint ?? word } }));
}

export const needImage = (context: Context, word: string): Promise<Image> => needImageOf(context.client, word);

export async function needImageOf(client: Client, word: string): Promise<Image> {
  const image = await findImageOf(client, word);
  if (image) return image;
  throw new CliError(`Image "${word}" not found`, { help: 'gast image list; gast image build debian/12 makes one' });
}

/** The image's fingerprint; an unknown word that is a recipe is built, with visible progress. */
export async function imageOrBuild(context: Context, word: string, type: GuestType): Promise<string> {
  const alias = await orAbsent(aliasOf(context.client, word, type));
  // Servers of other makers have one image for each alias, of whatever type.
  if (alias?.type === type) return alias.target;
  const recipes = ((await orAbsent(context.client.call('GET /1.0/images/recipes'))) ?? []).filter(({ types }) =>
    types.includes(type),
  );
  if (recipes.some((recipe) => recipe.alias === word)) return buildImage(context, word, word, type);
  // The server tells what is wrong with an image of the other type.
  const image = await findImage(context, word);
  if (image) return image.fingerprint;
  const known = recipes.map((recipe) => recipe.alias).join(', ');
  throw new CliError(`Image "${word}" not found`, {
    help: known === '' ? 'gast image list' : `gast image list; what can be built here: ${known}`,
  });
}

export async function buildImage(context: Context, recipe: string, alias: string, type: GuestType): Promise<string> {
  const label = context.texts('building-image', { image: recipe });
  const started = await context.client.start('POST /1.0/images', {
    body: { source: { type: 'build', alias: recipe, image_type: type }, aliases: [{ name: alias }] },
  });
  const ended = await context.follow(label, started);
  const fingerprint = ended.metadata?.fingerprint;
  if (typeof fingerprint === 'string') return fingerprint;
  return (await aliasOf(context.client, alias, type)).target;
}

const aliasOf = (client: Client, name: string, type?: GuestType) =>
  client.call('GET /1.0/images/aliases/{name}', { params: { name }, query: type === undefined ? {} : { type } });

async function orAbsent<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) return undefined;
    throw error;
  }
}
