/**
 * The stage: where a guest's root is put together while crun makes the guest. crun looks at the root as the guest's own
 * id, which cannot pass the 0700 directories of the daemon, so a clone of the root's mount is attached in a directory
 * that everybody may pass, seen only in the daemon's mount namespace, and detached as soon as the guest holds it.
 *
 * Volumes are attached below it before the guest's user namespace comes in: only then does the kernel lock their
 * read-only flag. A `ro` bind of the OCI configuration could be remounted writable by the guest's root.
 */
import { closeSync, mkdirSync, readlinkSync, rmdirSync, statSync } from 'node:fs';
import type { GuestMount, GuestSpec } from '../../core/ports/engine.ts';
import { makeInside, openRoot } from '../../host/inside-root.ts';
import { attach, bindMount, openTree, setAttributes, unmount } from '../../host/mount.ts';
import { openUserNamespace } from '../../host/userns.ts';
import { HostError } from '../../lib/host-error.ts';

/** Puts the root together at `stage`. Disposing takes it down (a guest made meanwhile keeps it). */
export async function stageRoot(spec: GuestSpec, stage: string): Promise<Disposable> {
  mkdirSync(stage, { mode: 0o711 });
  try {
    bindMount(spec.rootfs, stage);
    if (spec.mounts.length > 0) await attachVolumes(spec, stage);
  } catch (error) {
    clearStage(stage);
    throw error;
  }
  return { [Symbol.dispose]: () => clearStage(stage) };
}

/** Also clears what a daemon that was killed half-way left there. */
export function clearStage(stage: string): void {
  try {
    // Takes along all that is mounted below.
    unmount(stage);
    rmdirSync(stage);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function attachVolumes(spec: GuestSpec, stage: string): Promise<void> {
  const shifted = spec.mounts.some((mount) => mount.shifted) ? await openShift(spec) : undefined;
  const root = openRoot(stage);
  try {
    for (const mount of spec.mounts) attachOne(spec, root, mount, mount.shifted ? shifted : undefined);
  } finally {
    closeSync(root);
    if (shifted !== undefined) closeSync(shifted);
  }
}

function attachOne(spec: GuestSpec, root: number, mount: GuestMount, idMap: number | undefined): void {
  const source = statSync(mount.source, { throwIfNoEntry: false });
  if (!source) {
    if (mount.optional) return;
    throw new HostError(`the source ${mount.source} of ${mount.path} does not exist`, { errno: 'ENOENT' });
  }
  const place = makeInside(root, mount.path, source.isDirectory() ? 'directory' : 'file', spec.range.base);
  try {
    using tree = openTree(mount.source);
    setAttributes(tree, { readOnly: mount.readOnly, nodev: true }, idMap);
    // The descriptor's own path: links of the guest were resolved inside its root, and nothing of the guest runs yet.
    attach(tree, readlinkSync(`/proc/self/fd/${place}`));
  } catch (cause) {
    throw new HostError(`cannot attach ${mount.source} at ${mount.path}: ${(cause as Error).message}`, { cause });
  } finally {
    closeSync(place);
  }
}

/** On-disk ids 0..n appear as the guest's. */
function openShift({ range }: GuestSpec): Promise<number> {
  return openUserNamespace([{ inside: 0, outside: range.base, count: range.size }]);
}
