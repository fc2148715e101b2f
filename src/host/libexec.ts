/** The programs of our own that others start for us: in `libexec` beside the sources, or beside the bundle. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HostError } from '../lib/host-error.ts';

export function libexec(name: string): string {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    const path = join(directory, 'libexec', name);
    if (existsSync(path)) return path;
    if (directory === '/') throw new HostError(`the program ${name} is missing from this installation`);
  }
}
