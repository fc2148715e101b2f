/** Recorded output of commands: one directory for each guest, one file for each stream. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import type { ExecRecords } from '../core/ports/exec-records.ts';

export type ExecRecordsOptions = { directory: string; mostBytes?: number; mostRecords?: number };

export function createExecRecords({
  directory,
  mostBytes = 16 * 1024 * 1024,
  mostRecords = 100,
}: ExecRecordsOptions): ExecRecords {
  const folder = (guest: string) => join(directory, guest);
  /** Names come from outside: only what is listed is touched. */
  const pathOf = async (guest: string, name: string) =>
    (await names(folder(guest))).includes(name) ? join(folder(guest), name) : undefined;
  return {
    async open(guest, name) {
      mkdirSync(folder(guest), { recursive: true, mode: 0o700 });
      const known = await byAge(folder(guest));
      for (const old of known.slice(0, Math.max(0, known.length - mostRecords + 1)))
        await rm(join(folder(guest), old), { force: true });
      const into = limited(mostBytes);
      into.pipe(
        createWriteStream(join(folder(guest), name), { flags: 'wx', mode: 0o600 }).on('error', () => into.resume()),
      );
      return into;
    },
    list: (guest) => byAge(folder(guest)),
    async read(guest, name) {
      const path = await pathOf(guest, name);
      return path === undefined ? undefined : await readFile(path);
    },
    async remove(guest, name) {
      const path = await pathOf(guest, name);
      if (path !== undefined) await rm(path, { force: true });
      return path !== undefined;
    },
    forget: (guest) => rm(folder(guest), { recursive: true, force: true }),
  };
}

async function names(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

async function byAge(folder: string): Promise<string[]> {
  const aged = await Promise.all(
    (await names(folder)).map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  return aged.sort((a, b) => a.at - b.at || a.name.localeCompare(b.name)).map(({ name }) => name);
}

/** Passes so many bytes on and swallows the rest: the command is not stopped by its own chatter. */
function limited(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      done(null, part.length > 0 ? part : undefined);
    },
  });
}
