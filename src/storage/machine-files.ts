/** The small files of virtual machines in a pool: a folder for each machine, and for each of its snapshots. */
import { cp, lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  isMachineFile,
  type MachineFileMap,
  type MachineFiles,
  machineFileBytes,
} from '../core/ports/machine-files.ts';
import type { VolumeState } from '../core/ports/storage.ts';
import { HostError } from '../lib/host-error.ts';
import { absentIs, type PoolDirectory } from './pool-directory.ts';

export type SweptMachineFiles = MachineFiles & { sweep(machines: () => Promise<string[]>): Promise<string[]> };

export function createMachineFiles(pool: PoolDirectory): SweptMachineFiles {
  const folder = ({ id, snapshot }: VolumeState) =>
    snapshot === undefined ? pool.path('machines', id) : pool.path('machine-snapshots', id, snapshot);
  const removeFolder = (at: VolumeState) => pool.discard(folder(at));
  return {
    folder,
    async make(id) {
      await mkdir(folder({ id }), { recursive: true, mode: 0o700 });
      return folder({ id });
    },
    async copyFrom(path, to) {
      if (!(await absentIs(false, async () => (await lstat(path)).isDirectory()))) return removeFolder(to);
      if (to.snapshot !== undefined)
        await mkdir(pool.path('machine-snapshots', to.id), { recursive: true, mode: 0o700 });
      await pool.grow({}, async (temporary) => {
        // Only plain files and folders are in there; owners are given anew at each start.
        const isPlain = async (source: string) => {
          const found = await lstat(source);
          return found.isFile() || found.isDirectory();
        };
        const copied = `${temporary}/copied`;
        await cp(path, copied, { recursive: true, filter: isPlain, errorOnExist: true, force: false });
        await removeFolder(to);
        pool.settle(copied, folder(to));
      });
    },
    read: (at) => readFiles(folder(at)),

    async write(to, files) {
      await pool.grow({}, async (temporary) => {
        const made = `${temporary}/made`;
        await mkdir(made, { mode: 0o700 });
        for (const [path, bytes] of Object.entries(files)) {
          if (!isMachineFile(path)) throw new HostError(`${JSON.stringify(path)} is no file of a machine`);
          await mkdir(dirname(join(made, path)), { recursive: true, mode: 0o700 });
          await writeFile(join(made, path), bytes, { mode: 0o600, flag: 'wx' });
        }
        await this.copyFrom(made, to);
      });
    },

    async remove(at) {
      await removeFolder(at);
      if (at.snapshot === undefined) await pool.discard(pool.path('machine-snapshots', at.id));
    },
    async sweep(machines) {
      const parts = ['machines', 'machine-snapshots'] as const;
      const found = await Promise.all(parts.map(async (part) => [part, await pool.names(part)] as const));
      // Asked afterwards: what is made meanwhile has its disk in this list.
      const present = new Set(await machines());
      const orphans = found.flatMap(([part, ids]) => ids.filter((id) => !present.has(id)).map((id) => [part, id]));
      for (const names of orphans) await pool.discard(pool.path(...names));
      return orphans.map((names) => names.join('/'));
    },
  };
}

/** Locks, sockets and the like stay. */
async function readFiles(folder: string): Promise<MachineFileMap> {
  const names = await absentIs<string[]>([], () => readdir(folder, { recursive: true }));
  const files: Record<string, Buffer> = {};
  for (const name of names.filter(isMachineFile).sort()) {
    const path = join(folder, name);
    const status = await lstat(path);
    if (status.isFile() && status.size <= machineFileBytes) files[name] = await readFile(path);
  }
  return files;
}
