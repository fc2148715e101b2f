/** Storage volumes as commands speak of them: `v1` is custom, `container/web` is the root file system of a guest. */
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type Editable, type Loaded, pick } from './editable.ts';

export type VolumeParams = { pool: string; type: string; volume: string };

const types = ['custom', 'container', 'virtual-machine', 'image'];

export function volumeParams(pool: string, said: string): VolumeParams {
  const [first = '', ...rest] = said.split('/');
  if (rest.length === 1 && types.includes(first)) return { pool, type: first, volume: rest[0] ?? '' };
  return { pool, type: 'custom', volume: said };
}

/** `v1/snap0`, or both apart. */
export function snapshotParams(pool: string, volume: string, snapshot: string | undefined) {
  const [name = '', inName] = volume.split('/');
  const wanted = snapshot ?? inName;
  if (wanted === undefined || wanted === '') throw usageError('Which snapshot?', 'VOLUME SNAPSHOT, or VOLUME/SNAPSHOT');
  return { pool, type: 'custom', volume: snapshot === undefined ? name : volume, snapshot: wanted };
}

/** `pool/volume` or `pool/volume/snapshot`. */
export function splitPlace(said: string): { pool: string; name: string } {
  const [pool = '', ...rest] = said.split('/');
  if (pool === '' || rest.length === 0 || rest.includes(''))
    throw usageError(`"${said}" is not POOL/VOLUME`, 'like default/data');
  return { pool, name: rest.join('/') };
}

const one = '/1.0/storage-pools/{pool}/volumes/{type}/{volume}';

export function volume(pool: string, said: string): Editable {
  const params = volumeParams(pool, said);
  return {
    label: said,
    read: async (context) => (await context.client.read(`GET ${one}`, { params })) as Loaded,
    write: (context, value, etag) =>
      context.client.call(`PUT ${one}`, { params, body: pick(value, ['config', 'description']), ifMatch: etag }),
    editable: ['config', 'description'],
    keys: 'config',
  };
}

/** Name of the device and path inside: `attach POOL VOLUME GUEST [DEVICE] PATH`. */
export function attachment(name: string, words: readonly string[]): { device: string; path: string } {
  const [first = '', second] = words;
  if (words.length > 2 || first === '') throw usageError('attach takes a path, or a device and a path');
  return second === undefined ? { device: name, path: first } : { device: first, path: second };
}

/** The device of the object that shows the volume. */
export async function deviceWith(
  context: Context,
  target: Editable,
  pool: string,
  name: string,
  device: string | undefined,
): Promise<string> {
  if (device !== undefined) return device;
  const { value } = await target.read(context);
  const found = Object.entries(value.devices as Record<string, Record<string, string>>).filter(
    ([, keys]) => keys.type === 'disk' && keys.pool === pool && keys.source?.split('/')[0] === name,
  );
  const [only, ...more] = found;
  if (only === undefined) throw usageError(`${target.label} has no device with the volume ${name}`);
  if (more.length > 0)
    throw usageError(`${target.label} has it more than once`, `name one of ${found.map(([key]) => key).join(', ')}`);
  return only[0];
}
