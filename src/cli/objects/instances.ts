/** Reads instances from the server, and names on the command line. */
import type { InstanceFull } from '../../api/resources/instances.ts';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';

/** The contract gives a list of addresses or objects; `recursion` decides, so here it is known. */
export async function fetchInstances(context: Context, options: { live: boolean; allProjects?: boolean | undefined }) {
  const reply = await context.client.call('GET /1.0/instances', {
    query: { recursion: options.live ? '2' : '1', ...(options.allProjects ? { 'all-projects': 'true' } : {}) },
  });
  return reply as InstanceFull[];
}

export async function fetchInstance(context: Context, name: string): Promise<InstanceFull> {
  const reply = await context.client.call('GET /1.0/instances/{name}', { params: { name }, query: { recursion: '1' } });
  return reply as InstanceFull;
}

/** `web/before-upgrade` names a snapshot. */
export function splitSnapshot(name: string): { instance: string; snapshot: string | undefined } {
  const [instance = '', snapshot, ...rest] = name.split('/');
  if (instance === '' || snapshot === '' || rest.length > 0)
    throw usageError(`"${name}" is neither NAME nor NAME/SNAPSHOT`);
  return { instance, snapshot };
}
