/** What one client has open: files, and directories with the names that it has not read yet. */
import { readdir } from 'node:fs/promises';
import { type Descriptor, descriptorPath, statusOf } from '../../host/openat.ts';
import { refuse } from '../refusal.ts';

/** Clients that work on many files at a time need some dozens. */
export const mostHandles = 256;
/** More names than anybody reads; a guest could make millions to fill our memory. */
const mostNames = 200_000;

export type OpenHandle = { path: Buffer; found: Descriptor; isDirectory: boolean; append: boolean; names?: Buffer[] };

export type Handles = Disposable & {
  add(path: Buffer, found: Descriptor, append?: boolean): string;
  /** Throws a refusal for a handle that was never given, or is closed. */
  get(handle: string): OpenHandle;
  /** Whether what is written goes to the end; false for unknown handles. */
  appends(handle: string): boolean;
  close(handle: string): void;
  readonly size: number;
};

export function createHandles(): Handles {
  const open = new Map<string, OpenHandle>();
  let last = 0;
  const get = (handle: string) => open.get(handle) ?? refused('this handle is not open');
  return {
    add(path, found, append = false) {
      if (open.size >= mostHandles) {
        found[Symbol.dispose]();
        throw refuse('no-space', path, `more than ${mostHandles} files are open`);
      }
      last += 1;
      // The path is a view of a packet, which would be kept with it.
      open.set(String(last), { path: Buffer.from(path), found, isDirectory: statusOf(found).isDirectory(), append });
      return String(last);
    },
    get,
    appends: (handle) => open.get(handle)?.append ?? false,
    close(handle) {
      get(handle).found[Symbol.dispose]();
      open.delete(handle);
    },
    get size() {
      return open.size;
    },
    [Symbol.dispose]() {
      for (const { found } of open.values()) found[Symbol.dispose]();
      open.clear();
    },
  };
}

function refused(why: string): never {
  throw refuse('invalid', '', why);
}

/** The next names of an open directory, at most `count`; none when all have been read. */
export async function nextNames(handle: OpenHandle, count: number): Promise<Buffer[]> {
  if (!handle.isDirectory) throw refuse('not-a-directory', handle.path, 'is not a directory');
  handle.names ??= (await readdir(descriptorPath(handle.found), { encoding: 'buffer' })).reverse();
  if (handle.names.length > mostNames) throw refuse('no-space', handle.path, `has more than ${mostNames} entries`);
  const names: Buffer[] = [];
  for (let name = handle.names.pop(); name !== undefined; name = handle.names.pop()) {
    names.push(name);
    if (names.length === count) break;
  }
  return names;
}
