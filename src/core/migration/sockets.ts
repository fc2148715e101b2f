/** The two websockets of a migration: dialled at the other server, or waited for. */
import { fail } from '../../api/errors.ts';
import type { Channel } from '../../api/handlers.ts';
import type { House } from '../house.ts';
import type { Task } from '../operations/registry.ts';
import type { Sockets } from '../ports/migration.ts';
import type { RemoteAddress } from '../ports/remotes.ts';

export const socketNames = ['control', 'fs'] as const;
/** As Incus names the one over which memory goes, whatever it is of. */
export const stateSocket = 'criu';

/** For the operation at which the other side arrives. */
export const channelNames = (live: boolean): string[] => [...socketNames, ...(live ? [stateSocket] : [])];

/** The operation of the other server that waits for us. */
export type OtherOperation = { remote: RemoteAddress; path: string; query: string; secrets: Record<string, string> };

/** A client or another server has perhaps to ask a third for it first. */
const arrivalMs = 60_000;

export function otherOperation(
  given: {
    operation?: string | undefined;
    certificate?: string | undefined;
    secrets?: Record<string, string> | null | undefined;
  },
  live = false,
): OtherOperation {
  const address = given.operation ?? '';
  const url = URL.parse(address) ?? fail('migration.address', { reason: `"${address}" is not a URL` });
  if (url.protocol !== 'https:') fail('migration.address', { reason: `"${address}" does not begin with https://` });
  if (!/^\/1\.0\/operations\/[0-9A-Za-z-]{1,64}$/.test(url.pathname))
    fail('migration.address', { reason: `"${address}" is not the address of an operation` });
  for (const name of channelNames(live)) if (!given.secrets?.[name]) fail('migration.secret', { name });
  const project = url.searchParams.get('project');
  return {
    remote: { url: url.origin, ...(given.certificate ? { certificate: given.certificate } : {}) },
    path: url.pathname,
    query: project === null ? '' : `&project=${encodeURIComponent(project)}`,
    secrets: given.secrets ?? {},
  };
}

/** Control first: the other side waits for it longest. */
export async function openSockets(
  house: Pick<House, 'remotes'>,
  other: OtherOperation | undefined,
  task: Task,
): Promise<Sockets> {
  const open = (name: string): Promise<Channel> => {
    if (!other) return task.channel(name, arrivalMs);
    const secret = encodeURIComponent(other.secrets[name] ?? '');
    return house.remotes.websocket(other.remote, `${other.path}/websocket?secret=${secret}${other.query}`, task.signal);
  };
  const control = await open('control');
  try {
    return { control, fs: await open('fs'), state: () => open(stateSocket) };
  } catch (error) {
    control.close();
    throw error;
  }
}
