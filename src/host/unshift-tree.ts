/** Gives the files of a tree the owners that they have inside a guest, taking away the shift with which they were stored. */
import { chmodSync, lchownSync, lstatSync, readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { call, libc } from './libc.ts';

const lgetxattr = libc.func('long lgetxattr(const uint8_t *path, const char *name, _Out_ uint8_t *value, size_t size)');
const lsetxattr = call<[Buffer, string, Buffer, number, number]>(
  'int lsetxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)',
);
const capability = 'security.capability';
/** `struct vfs_ns_cap_data`: revision 3 is revision 2 and the id of the user namespace's root. */
const revision3 = { bytes: 24, version: 0x03, rootAt: 20 };
const revision2 = { bytes: 20, version: 0x02 };

/** Nobody else may write to the tree meanwhile. Owners outside of the range stay as they are. */
export async function unshiftTree(
  root: string,
  range: { base: number; size: number },
  signal: AbortSignal,
): Promise<void> {
  const inside = (id: number) => (id >= range.base && id < range.base + range.size ? id - range.base : id);
  // Names are bytes: those that are no UTF-8 have to be found again.
  const waiting: Buffer[] = [Buffer.from(root)];
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    signal.throwIfAborted();
    unshift(path, inside, range.base);
    if (!lstatSync(path).isDirectory()) continue;
    for (const name of readdirSync(path, { encoding: 'buffer' }))
      waiting.push(Buffer.concat([path, Buffer.from('/'), name]));
    await setImmediate();
  }
}

function unshift(path: Buffer, inside: (id: number) => number, base: number): void {
  const { uid, gid, mode, nlink } = lstatSync(path);
  const [newUid, newGid] = [inside(uid), inside(gid)];
  if (newUid === uid && newGid === gid) return;
  const file = (mode & 0o170000) === 0o100000 && nlink > 0;
  const kept = file ? capabilityOf(path) : undefined;
  lchownSync(path, newUid, newGid);
  // A change of owner takes away set-user-id and capabilities.
  if (file && (mode & 0o6000) !== 0) chmodSync(path, mode & 0o7777);
  if (kept) {
    const value = withoutRoot(kept, base);
    lsetxattr(Buffer.concat([path, Buffer.alloc(1)]), capability, value, value.length, 0);
  }
}

function capabilityOf(path: Buffer): Buffer | undefined {
  const value = Buffer.alloc(64);
  const size = Number(lgetxattr(Buffer.concat([path, Buffer.alloc(1)]), capability, value, value.length));
  return size > 0 ? value.subarray(0, size) : undefined;
}

/** Capabilities that hold below the shifted root hold for everybody who has that root as 0. */
function withoutRoot(value: Buffer, base: number): Buffer {
  if (value.length !== revision3.bytes || value[3] !== revision3.version) return value;
  if (value.readUInt32LE(revision3.rootAt) !== base) return value;
  const plain = Buffer.from(value.subarray(0, revision2.bytes));
  plain[3] = revision2.version;
  return plain;
}
