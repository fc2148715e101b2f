/** Files of a guest over the API, wherever they are (guest-root.ts). */
import { type ErrorCode, fail } from '../../api/errors.ts';
import type { Handlers, RawReply } from '../../api/handlers.ts';
import type { Routes } from '../../api/routes.ts';
import { textOf } from '../../lib/streams.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import { type AnyRoot, type FileInfo, type FileOwner, FileRefused } from '../ports/files.ts';
import { findInstance, instanceUrl } from './find.ts';
import { createGuestRoots, type GuestRootNeeds, type RootTurn, type UseGuestRoot } from './guest-root.ts';

type Needs = Pick<House, 'documents' | 'files' | 'events'>;
type Path = '/1.0/instances/{name}/files';
type FileHandlers = Pick<
  Handlers<Routes>,
  `${'GET' | 'HEAD' | 'POST' | 'DELETE'} ${Path}` | 'GET /1.0/instances/{name}/sftp'
>;

type Session = { root: AnyRoot; turn: RootTurn };

const codes: Partial<Record<FileRefused['reason'], ErrorCode>> = {
  'not-found': 'file.not-found',
  'no-space': 'file.no-space',
};

/** Runs `work` on the guest's root; refusals of the files port become errors of the catalogue. */
async function onRoot<T>(
  useRoot: UseGuestRoot,
  doc: InstanceDoc,
  path: string,
  work: (root: AnyRoot, turn: RootTurn) => Promise<T>,
): Promise<T> {
  try {
    return await useRoot(doc, work);
  } catch (error) {
    if (error instanceof FileRefused)
      return fail(codes[error.reason] ?? 'file.refused', { path, reason: error.message }, error);
    throw error;
  }
}

const absolute = (path: string | undefined) =>
  path
    ? path.startsWith('/')
      ? path
      : `/${path}`
    : fail('request.invalid', { reason: 'the query parameter path is missing' });

/** Both families of names: LXD clients read theirs only. */
function fileHeaders(info: FileInfo): Record<string, string> {
  const values = {
    type: info.kind,
    mode: `0${info.mode.toString(8)}`,
    uid: String(info.uid),
    gid: String(info.gid),
    modified: goTime(info.modified),
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => [
      [`X-Incus-${key}`, value],
      [`X-LXD-${key}`, value],
    ]),
  );
}

const goTime = (date: Date) => `${date.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;

function header(headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string | undefined {
  const value = headers[`x-incus-${name}`] ?? headers[`x-lxd-${name}`];
  return Array.isArray(value) ? value[0] : value;
}

function ownerFrom(headers: Readonly<Record<string, string | string[] | undefined>>): FileOwner {
  const read = (name: 'uid' | 'gid' | 'mode', base: number) => {
    const text = header(headers, name);
    if (text === undefined || text === '') return {};
    const value = Number.parseInt(text, base);
    const fits = base === 8 ? /^[0-7]{1,5}$/.test(text) : /^\d{1,5}$/.test(text) && value < 65536;
    return fits ? { [name]: value } : fail('request.invalid', { reason: `"${text}" is not a ${name}` });
  };
  return { ...read('uid', 10), ...read('gid', 10), ...read('mode', 8) };
}

export function fileHandlers(house: Needs & GuestRootNeeds): FileHandlers {
  const useRoot = createGuestRoots(house);
  const told = (doc: InstanceDoc, action: string, path: string) =>
    house.events.lifecycle(doc.project, {
      action,
      source: instanceUrl(doc, '/files'),
      name: doc.name,
      context: { path },
    });
  return {
    async 'GET /1.0/instances/{name}/files'({ params, query, project }): Promise<RawReply> {
      const doc = findInstance(house, project, params.name);
      const path = absolute(query.path);
      const file = await onRoot(useRoot, doc, path, (root) => house.files.pull(root, path));
      told(doc, 'instance-file-retrieved', path);
      const headers = fileHeaders(file);
      if (file.kind === 'directory') return { headers, value: file.entries };
      const name = path.split('/').at(-1) ?? 'file';
      const raw = {
        ...headers,
        'Content-Type': 'application/octet-stream',
        'Content-Disposition': `inline;filename=${encodeURIComponent(name)}`,
      };
      if (file.kind === 'symlink') return { headers: raw, body: file.target };
      return { headers: { ...raw, 'Content-Length': String(file.sizeBytes) }, body: file.content };
    },
    async 'HEAD /1.0/instances/{name}/files'({ params, query, project }): Promise<RawReply> {
      const doc = findInstance(house, project, params.name);
      const path = absolute(query.path);
      const info = await onRoot(useRoot, doc, path, (root) => house.files.stat(root, path));
      return { headers: { ...fileHeaders(info), 'Content-Type': 'application/octet-stream' }, body: '' };
    },
    async 'POST /1.0/instances/{name}/files'({ params, query, project, headers, stream, signal }) {
      const doc = findInstance(house, project, params.name);
      const path = absolute(query.path);
      const owner = ownerFrom(headers);
      const kind = header(headers, 'type') || 'file';
      const write = header(headers, 'write') || 'overwrite';
      if (write !== 'overwrite' && write !== 'append')
        fail('request.invalid', { reason: `"${write}" is not one of overwrite, append` });
      await onRoot(useRoot, doc, path, async (root) => {
        if (kind === 'directory') return house.files.pushDirectory(root, path, owner);
        if (!stream)
          return fail('request.invalid', { reason: 'the content has to be sent as application/octet-stream' });
        if (kind === 'symlink') return house.files.pushSymlink(root, path, await textOf(stream, 4096), owner);
        if (kind !== 'file')
          return fail('request.invalid', { reason: `"${kind}" is not one of file, directory, symlink` });
        return house.files.pushFile(root, path, stream, {
          ...owner,
          append: write === 'append',
          signal,
        });
      });
      told(doc, 'instance-file-pushed', path);
      return {};
    },
    async 'DELETE /1.0/instances/{name}/files'({ params, query, project, headers }) {
      const doc = findInstance(house, project, params.name);
      const path = absolute(query.path);
      const recursive = query.force !== undefined || header(headers, 'force') !== undefined;
      await onRoot(useRoot, doc, path, (root) => house.files.remove(root, path, { recursive }));
      told(doc, 'instance-file-deleted', path);
      return {};
    },
    async 'GET /1.0/instances/{name}/sftp'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      // What could refuse has to do it before the connection changes hands.
      const opened = Promise.withResolvers<Session>();
      const closed = Promise.withResolvers<void>();
      onRoot(useRoot, doc, '/', async (root, turn) => {
        await house.files.checkSftp(root);
        opened.resolve({ root, turn });
        return closed.promise;
      }).catch(opened.reject);
      const { root, turn } = await opened.promise;
      return (connection) => {
        house.files
          .serveSftp(root, connection, { signal: turn.ended, ...(turn.wanted ? { wanted: turn.wanted } : {}) })
          .catch((error: unknown) => {
            connection.destroy();
            house.events.logging('error', `An SFTP session with ${doc.name} failed: ${error}`);
          })
          .finally(closed.resolve);
      };
    },
  };
}
