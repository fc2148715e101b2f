/** An instance from another server to the command's own. */
import type { InstancesPost } from '../../api/resources/instances.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { Client } from '../../client/client.ts';
import type { Context } from '../context.ts';
import { bring } from './between-servers.ts';

export type Going = {
  /** The server that has it. */
  source: Client;
  instance: string;
  snapshot: string | undefined;
  mode: string | undefined;
  /** As it runs, with its memory. */
  live?: boolean;
  request: { instance_only?: boolean; allow_inconsistent?: boolean };
  /** What it is to be on the target; `source` holds what was asked for beside where it comes from. */
  body: InstancesPost;
  project: string | undefined;
};

/** Gives the name of the new instance. */
export async function bringInstance(context: Context, going: Going): Promise<string> {
  const { source, mode, live = false, instance: name, snapshot, body, project } = going;
  const ended = await bring(context, {
    source,
    mode,
    label: context.texts('copying', { name: body.name ?? name }),
    send(target) {
      const request = { migration: true, live, ...going.request, ...(target ? { target } : {}) };
      if (snapshot === undefined)
        return source.start('POST /1.0/instances/{name}', { params: { name }, body: request });
      const params = { name, snapshot };
      return source.start('POST /1.0/instances/{name}/snapshots/{snapshot}', { params, body: request });
    },
    receive: (from) =>
      context.client.start('POST /1.0/instances', {
        body: { ...body, source: { ...body.source, type: 'migration', ...(live ? { live } : {}), ...from } },
        ...(project === undefined ? {} : { query: { project } }),
      }),
  });
  return nameOf(ended, going);
}

function nameOf(operation: Operation, { body, instance }: Going): string {
  const [url] = operation.resources.instances ?? [];
  const path = url?.split('?')[0]?.split('/').at(-1);
  return path === undefined ? (body.name ?? instance) : decodeURIComponent(path);
}
