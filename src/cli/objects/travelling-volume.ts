/** A custom volume, or a snapshot of it, from another server to the command's own. */
import type { Client } from '../../client/client.ts';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { bring } from './between-servers.ts';
import { splitPlace } from './volumes.ts';

export type VolumeGoing = {
  source: Client;
  /** `pool/volume`, or `pool/volume/snapshot`. */
  from: string;
  to: string;
  mode: string | undefined;
  project: string | undefined;
  options: { volume_only?: boolean; refresh?: boolean; refresh_exclude_older?: boolean };
};

export async function bringVolume(context: Context, going: VolumeGoing): Promise<void> {
  const { source, mode, options, project } = going;
  const [from, to] = [splitPlace(going.from), splitPlace(going.to)];
  const [volume = '', snapshot, ...more] = from.name.split('/');
  if (more.length > 0) throw usageError(`"${going.from}" is not POOL/VOLUME or POOL/VOLUME/SNAPSHOT`);
  const params = { pool: from.pool, type: 'custom', volume };
  const { value } = await source.read('GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}', { params });
  const volumeOnly = options.volume_only ?? false;
  await bring(context, {
    source,
    mode,
    label: context.texts('copying', { name: going.from }),
    send(target) {
      const body = { name: to.name, migration: true, volume_only: volumeOnly, ...(target ? { target } : {}) };
      if (snapshot === undefined)
        return source.start('POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}', { params, body } as never);
      const path = 'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}';
      return source.start(path as never, { params: { ...params, snapshot }, body } as never);
    },
    receive: (found) =>
      context.client.start('POST /1.0/storage-pools/{pool}/volumes/{type}', {
        params: { pool: to.pool, type: 'custom' },
        ...(project === undefined ? {} : { query: { project } }),
        body: {
          name: to.name,
          type: 'custom',
          content_type: value.content_type,
          description: value.description,
          config: Object.fromEntries(Object.entries(value.config).filter(([key]) => !key.startsWith('volatile.'))),
          source: { ...options, volume_only: volumeOnly, type: 'migration', ...found },
        } as never,
      }),
  });
}
