/** Reading and writing the kernel's control files. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Undefined when there is no such file, or no directory. */
export function readText(directory: string | undefined, file: string): string | undefined {
  if (directory === undefined) return undefined;
  try {
    return readFileSync(join(directory, file), 'utf8');
  } catch {
    return undefined;
  }
}

export function writeText(path: string, value: string) {
  // Without O_CREAT and O_TRUNC: a control file that is not there must be an error.
  writeFileSync(path, value, { flag: 'r+' });
}
