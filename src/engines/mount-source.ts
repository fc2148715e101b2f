/** What a mount of a guest shows: a file or directory of the host, one inside a tree that guests write to, or memory. */
import { closeSync, statSync } from 'node:fs';
import type { GuestMount } from '../core/ports/engine.ts';
import type { IdRange } from '../core/ports/id-range.ts';
import type { DetachedMount } from '../host/mount.ts';
import { type Descriptor, descriptorPath, openInside, openPath, openRootDirectory, statusOf } from '../host/openat.ts';
import { createTmpfs } from '../host/overlay-mount.ts';
import { ownNamespaces } from '../host/own-namespaces.ts';
import { openSource } from '../host/plug.ts';
import { shiftRefusal } from '../host/shown-owner.ts';
import { openUserNamespace } from '../host/userns.ts';
import { HostError } from '../lib/host-error.ts';

export type OpenedSource = Disposable & { mount: DetachedMount; kind: 'directory' | 'file' };

/** Undefined for an optional one that is not there. */
export async function openMountSource(mount: GuestMount, range: IdRange): Promise<OpenedSource | undefined> {
  if (mount.memory) return opened(createMemory(mount.memory, mount, range), 'directory');
  using found = mount.inside === undefined ? undefined : lookInside(mount, mount.inside);
  if (mount.inside !== undefined && !found) return absent(mount);
  const status = found ? statusOf(found) : statSync(mount.source, { throwIfNoEntry: false });
  if (!status) return absent(mount);
  const refusal = mount.shifted && !found ? shiftRefusal(mount.source) : undefined;
  if (refusal !== undefined) throw new HostError(refusal, { errno: 'EPERM' });
  const shift = mount.shifted ? await openShift(range) : undefined;
  const { recursive = false } = mount;
  try {
    const source = found ? descriptorPath(found) : mount.source;
    const tree = openSource(source, { attributes: attributesOf(mount), idMap: shift, recursive });
    return opened(tree, status.isDirectory() ? 'directory' : 'file');
  } finally {
    if (shift !== undefined) closeSync(shift);
  }
}

const opened = (mount: DetachedMount, kind: 'directory' | 'file'): OpenedSource => ({
  mount,
  kind,
  [Symbol.dispose]: () => mount[Symbol.dispose](),
});

function absent(mount: GuestMount): undefined {
  if (mount.optional) return undefined;
  throw new HostError(`the source ${mount.source} of ${mount.path} does not exist`, { errno: 'ENOENT' });
}

/** Guests write below `directory`: a link that one put there must not lead another out of it. */
function lookInside(mount: GuestMount, directory: string): Descriptor | undefined {
  try {
    using root = openRootDirectory(directory);
    return openInside(root, mount.source, openPath);
  } catch (error) {
    if (error instanceof HostError && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

function attributesOf({ readOnly, flags }: GuestMount) {
  return {
    readOnly,
    nodev: true,
    nosuid: flags?.includes('nosuid') === true,
    noexec: flags?.includes('noexec') === true,
  };
}

function createMemory(memory: NonNullable<GuestMount['memory']>, mount: GuestMount, { base }: IdRange): DetachedMount {
  const owner = { uid: String(base), gid: String(base), mode: memory.mode ?? '755' };
  const size: Record<string, string> = memory.sizeBytes === undefined ? {} : { size: String(memory.sizeBytes) };
  return createTmpfs({ source: 'tmpfs', ...owner, ...size }, { ...attributesOf(mount), nosuid: true });
}

/** On-disk ids 0..n appear as the guest's. */
async function openShift({ base, size }: IdRange): Promise<number | undefined> {
  // A guest that has its ids unmapped needs no map for what is stored with them.
  if (base === 0) return undefined;
  if (ownNamespaces())
    throw new HostError('only root can show volumes and files of the host under the ids of an isolated guest', {
      errno: 'EPERM',
      help: 'security.idmap.isolated=false, or copy files with: gast file push',
    });
  return openUserNamespace([{ inside: 0, outside: base, count: size }]);
}
