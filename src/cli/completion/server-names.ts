/** Names that the server knows, by kind. */
import type { RouteKey } from '../../api/routes.ts';
import type { Completes } from '../command.ts';
import type { Context } from '../context.ts';
import { entriesOf, parseGuestPath, readGuestFile } from '../objects/guest-files.ts';
import { readRemotes } from '../remotes/remotes-file.ts';

type Lists = Extract<
  RouteKey,
  | 'GET /1.0/instances'
  | 'GET /1.0/profiles'
  | 'GET /1.0/networks'
  | 'GET /1.0/network-acls'
  | 'GET /1.0/warnings'
  | 'GET /1.0/storage-pools'
  | 'GET /1.0/projects'
  | 'GET /1.0/images/aliases'
>;

export async function namesFor(
  context: Context,
  kind: Completes,
  before: readonly string[],
  word: string,
): Promise<string[]> {
  switch (kind) {
    case 'instance':
      return listed(context, 'GET /1.0/instances');
    case 'instance-path':
      return guestPaths(context, word);
    case 'snapshot':
      return before[0] === undefined ? [] : snapshots(context, before[0]);
    case 'image':
    case 'alias':
      return listed(context, 'GET /1.0/images/aliases');
    case 'image-or-recipe':
      return [...(await listed(context, 'GET /1.0/images/aliases')), ...(await recipes(context))];
    case 'recipe':
      return recipes(context);
    case 'profile':
      return listed(context, 'GET /1.0/profiles');
    case 'network':
      return listed(context, 'GET /1.0/networks');
    case 'acl':
      return listed(context, 'GET /1.0/network-acls');
    case 'forward':
      return before[0] === undefined ? [] : forwards(context, before[0]);
    case 'volume':
      return before[0] === undefined ? [] : volumes(context, before[0]);
    case 'warning':
      return listed(context, 'GET /1.0/warnings');
    case 'pool':
      return listed(context, 'GET /1.0/storage-pools');
    case 'remote':
      return Object.keys(readRemotes(context.env).remotes);
    case 'project':
      return listed(context, 'GET /1.0/projects');
    case 'operation':
      return Object.values(await context.client.call('GET /1.0/operations'))
        .flat()
        .map((url) => lastPart(String(url)));
    case 'config-key':
      return configKeys(context);
    default:
      return [];
  }
}

async function listed(context: Context, key: Lists): Promise<string[]> {
  return ((await context.client.call(key)) as string[]).map(lastPart);
}

/** Aliases contain slashes, which are escaped in the address. */
const lastPart = (url: string) => decodeURIComponent(url.split('?')[0]?.split('/').at(-1) ?? '');

const recipes = async (context: Context) =>
  (await context.client.call('GET /1.0/images/recipes')).map(({ alias }) => alias);

async function snapshots(context: Context, instance: string): Promise<string[]> {
  return (
    (await context.client.call('GET /1.0/instances/{name}/snapshots', { params: { name: instance } })) as string[]
  ).map(lastPart);
}

async function forwards(context: Context, name: string): Promise<string[]> {
  return ((await context.client.call('GET /1.0/networks/{name}/forwards', { params: { name } })) as string[]).map(
    lastPart,
  );
}

/** Custom ones: those of guests and images are no names that people type. */
async function volumes(context: Context, pool: string): Promise<string[]> {
  const params = { pool, type: 'custom' };
  const found = await context.client.call('GET /1.0/storage-pools/{pool}/volumes/{type}', { params });
  return (found as string[]).map(lastPart);
}

/** `web/etc/ho` -> `web/etc/hosts`. */
async function guestPaths(context: Context, word: string): Promise<string[]> {
  if (!word.includes('/')) return (await listed(context, 'GET /1.0/instances')).map((name) => `${name}/`);
  const directory = word.slice(0, word.lastIndexOf('/') + 1);
  const { answer, meta } = await readGuestFile(context, parseGuestPath(directory));
  if (meta.kind === 'directory') return (await entriesOf(answer)).map((name) => `${directory}${name}`);
  answer.resume();
  return [];
}

/** Keys are collected from wherever the documentation has them: by entity, by group. */
async function configKeys(context: Context): Promise<string[]> {
  const { configs } = await context.client.call('GET /1.0/metadata/configuration');
  const groups = Object.values((configs.instance ?? {}) as Record<string, { keys?: Record<string, unknown>[] }>);
  return groups.flatMap(({ keys = [] }) => keys.flatMap((one) => Object.keys(one))).map((key) => `${key}=`);
}
