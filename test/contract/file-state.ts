/** A sample root file system with everything that storage must carry, and a comparable picture of any tree. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { call } from '../../src/host/libc.ts';

const setxattr = call<[string, string, Buffer, number, number]>(
  'int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)',
);
const getxattr = call<[string, string, Buffer, number]>(
  'long lgetxattr(const char *path, const char *name, void *value, size_t size)',
);

/** cap_net_raw=ep, as `setcap` writes it. */
export const netRaw = Buffer.from('0100000200200000000000000000000000000000', 'hex');

export function setAttribute(path: string, name: string, value: Buffer): void {
  setxattr(path, name, value, value.length, 0);
}

export function attribute(path: string, name: string): string | undefined {
  const buffer = Buffer.alloc(256);
  try {
    return buffer.toString('hex', 0, getxattr(path, name, buffer, buffer.length));
  } catch {
    return undefined;
  }
}

/** Makes the sample; `owner(id)` is what the id is written as (unshifted in an image, shifted in a mounted guest). */
export function makeSample(root: string, options: { privileged: boolean; owner?: (id: number) => number }): void {
  const owner = options.owner ?? ((id: number) => id);
  const at = (name: string) => join(root, name);
  for (const name of ['etc', 'bin', 'home', 'home/user', 'tmp', 'var']) mkdirSync(at(name));
  writeFileSync(at('etc/hostname'), 'sample\n');
  writeFileSync(at('etc/remove-me'), 'gone soon\n');
  writeFileSync(at('bin/su'), '#!/bin/sh\n');
  writeFileSync(at('bin/ping'), '#!/bin/sh\n');
  writeFileSync(at('home/user/one'), 'linked');
  linkSync(at('home/user/one'), at('home/user/two'));
  symlinkSync('../etc/hostname', at('home/link'));
  symlinkSync('/no/where', at('home/dangling'));
  const sparse = openSync(at('var/sparse'), 'w');
  ftruncateSync(sparse, 8 * 1024 * 1024);
  writeSync(sparse, 'end', 4 * 1024 * 1024);
  closeSync(sparse);
  if (options.privileged) {
    for (const name of readdirSync(root, { recursive: true }) as string[])
      if (!lstatSync(at(name)).isSymbolicLink())
        chownSync(
          at(name),
          owner(name.startsWith('home/user') ? 1000 : 0),
          owner(name.startsWith('home/user') ? 100 : 0),
        );
    setAttribute(at('bin/ping'), 'security.capability', netRaw);
    setAttribute(at('etc'), 'user.note', Buffer.from('kept'));
  }
  chmodSync(at('bin/su'), 0o4755);
  chmodSync(at('tmp'), 0o1777);
  chmodSync(at('etc/hostname'), 0o640);
  const names = (readdirSync(root, { recursive: true }) as string[]).sort().reverse();
  for (const name of names) if (!lstatSync(at(name)).isSymbolicLink()) utimesSync(at(name), 1e9, 1_000_000_000.123);
}

/** Everything that must survive, by path. `base` is subtracted from owners. */
export function stateOf(directory: string, base = 0): Record<string, unknown> {
  const root = realpathSync(directory);
  const names = (readdirSync(root, { recursive: true }) as string[]).sort();
  return Object.fromEntries(['.', ...names].map((name) => [name, stateOfFile(join(root, name), base)]));
}

function stateOfFile(path: string, base: number): unknown {
  const status = lstatSync(path);
  const common = { mode: status.mode.toString(8), owner: `${status.uid - base}:${status.gid - base}` };
  if (status.isSymbolicLink()) return { ...common, target: readlinkSync(path) };
  const times = { mtime: Math.round(status.mtimeMs), note: attribute(path, 'user.note') };
  if (status.isDirectory()) return { ...common, ...times };
  return {
    ...common,
    ...times,
    links: status.nlink,
    sizeBytes: status.size,
    sparse: status.blocks * 512 < status.size / 2,
    capability: base === 0 ? attribute(path, 'security.capability') : undefined,
    content: createHash('sha1').update(readFileSync(path)).digest('hex'),
  };
}
