/** Reads a vm.conf and what it includes. Paths are those of vmd: seen from the current directory, else from beside the file. */
import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CliError } from '../../cli-error.ts';
import type { ReadFile } from './parse.ts';

/** Larger than any true one. */
const largestBytes = 2 ** 20;

export const readConf: ReadFile = async (path, from) => {
  const beside = from === undefined ? path : resolve(dirname(from), path);
  const found = existsSync(path) ? path : beside;
  const text = await readFile(found).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`Cannot read ${path}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`);
  });
  if (text.length > largestBytes) throw new CliError(`${path} is too large for a vm.conf`);
  if (text.includes(0))
    throw new CliError(`${path} is no text`, {
      help: 'a tarball that gast export wrote has a name that does not end in .conf',
    });
  return { path: from === undefined ? found : shortest(found), text: text.toString() };
};

/** One file has one name, by which a file that includes itself is found. */
const shortest = (path: string) => realpathSync(path);
