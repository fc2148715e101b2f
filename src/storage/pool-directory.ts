/**
 * The directory of a pool: its marker, its parts, and the two rules that make every change atomic: what is new grows
 * under a temporary name at the top and gets its name by one rename; what is removed is renamed away first.
 */
import { randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, rename, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Work } from '../core/ports/storage.ts';
import { explainDiskFull } from '../host/disk-full.ts';
import { createTreeRemover } from '../host/remove-trees.ts';
import { renameToNew } from '../host/rename.ts';
import { HostError } from '../lib/host-error.ts';

const marker = '.gasthof-pool';
const parts = [
  'images',
  'volumes',
  'snapshots',
  'custom',
  'custom-snapshots',
  'disks',
  'memories',
  'machines',
  'machine-snapshots',
] as const;
const diskParts = ['layers', 'images', 'volumes', 'snapshots'].map((name) => `disks/${name}`);

export type PoolDirectory = Awaited<ReturnType<typeof openPoolDirectory>>;

export async function openPoolDirectory(directory: string, driver: string) {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await claim(directory, driver);
  // Guests' set-uid files lie below with the ids of the host's own users: nobody else may come near them.
  await chmod(directory, 0o700);
  for (const part of [...parts, ...diskParts]) await mkdir(join(directory, part), { recursive: true, mode: 0o700 });

  const remover = createTreeRemover();
  const growing = new Set<string>();
  const path = (...names: string[]) => join(directory, ...names.map(checkedName));

  /** Moves something out of sight; its deletion goes on in the background. Absent: does nothing. */
  async function discard(from: string): Promise<void> {
    const trash = join(directory, `.trash-${randomUUID()}`);
    const moved = await absentIs(false, () => rename(from, trash).then(() => true));
    if (moved) remover.add(trash);
  }

  return {
    directory,
    path,
    discard,

    names: async (...under: string[]): Promise<string[]> =>
      (await absentIs<string[]>([], () => readdir(path(...under)))).filter((name) => !name.startsWith('.')).sort(),

    /** Makes `final` by `build` in a temporary directory. Throws `HostError` EEXIST when it is there already. */
    async make(final: string, work: Work, build: (temporary: string) => Promise<void>): Promise<void> {
      await this.grow(work, async (temporary) => {
        await build(temporary);
        work.signal?.throwIfAborted();
        this.settle(temporary, final);
      });
    },

    /** Gives what grew its name. Never replaces anything. */
    settle(temporary: string, final: string): void {
      try {
        renameToNew(temporary, final);
      } catch (cause) {
        if (!(cause instanceof HostError && cause.errno === 'EEXIST')) throw cause;
        throw new HostError(`${relative(directory, final)} is in the pool already`, { cause, errno: 'EEXIST' });
      }
    },

    /** Lends a temporary directory to `use`; what is left under its name afterwards is discarded. */
    async grow(work: Work, use: (temporary: string) => Promise<void>): Promise<void> {
      work.signal?.throwIfAborted();
      const name = `.tmp-${randomUUID()}`;
      const temporary = join(directory, name);
      growing.add(name);
      try {
        await mkdir(temporary, { mode: 0o700 });
        await use(temporary);
      } catch (error) {
        throw explainDiskFull(error, directory);
      } finally {
        // What cannot be moved away is invisible, and found by the next sweep.
        await discard(temporary).catch(() => {});
        growing.delete(name);
      }
    },

    /** Deletes what earlier daemons left half made or half deleted. */
    async sweep(): Promise<string[]> {
      const left = (await readdir(directory)).filter((name) => /^\.(tmp|trash)-/.test(name) && !growing.has(name));
      const trash: string[] = [];
      for (const name of left) {
        const target = name.startsWith('.trash-') ? name : `.trash-${randomUUID()}`;
        // Renamed first, so that a copy that outlived its daemon loses its way.
        if (target !== name) await rename(join(directory, name), join(directory, target));
        trash.push(join(directory, target));
      }
      await remover.remove(trash);
      return left;
    },
  };
}

/** Deletes the pool's own parts, and the directory when nothing foreign is in it. */
export async function destroyPoolDirectory(directory: string, driver: string): Promise<void> {
  const names = await absentIs<string[]>([], () => readdir(directory));
  if (!names.includes(marker)) return;
  await claim(directory, driver);
  const own = names.filter((name) => (parts as readonly string[]).includes(name) || /^\.(tmp|trash)-/.test(name));
  await createTreeRemover().remove(own.map((name) => join(directory, name)));
  await unlink(join(directory, marker));
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EBUSY') throw error;
  });
}

/** Refuses a directory that belongs to somebody else: a pool's permissions and contents are changed without asking. */
async function claim(directory: string, driver: string): Promise<void> {
  const file = join(directory, marker);
  const found = await absentIs(undefined, () => readFile(file, 'utf8'));
  if (found?.trim() === driver) return;
  if (found !== undefined) throw new HostError(`${directory} is a pool of driver ${found.trim()}, not ${driver}`);
  const names = await readdir(directory);
  if (names.some((name) => name !== 'lost+found'))
    throw new HostError(`${directory} is not empty and not a pool`, { help: 'choose an empty or new directory' });
  await writeFile(file, `${driver}\n`, { mode: 0o600 });
}

export const exists = (path: string): Promise<boolean> => absentIs(false, () => lstat(path).then(() => true));

/** The result of `work`, or `value` when a file that it names is not there. */
export async function absentIs<T>(value: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  }
}

function checkedName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/.test(name)) return name;
  throw new HostError(`${JSON.stringify(name)} cannot be a name in a storage pool`);
}
