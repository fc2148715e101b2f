/** Storage volumes as commands speak of them: `v1` is custom, `container/web` is the root file system of a guest. */
import { usageError } from '../cli-error.ts';
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
