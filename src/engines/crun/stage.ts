/**
 * The stage: where a guest's root is shown while crun makes the guest. crun looks at the root as the guest's own
 * id, which cannot pass the 0700 directories of the daemon, so a clone of the root's mount is attached in a directory
 * that everybody may pass, seen only in the daemon's mount namespace, and detached as soon as the guest holds it.
 */
import { mkdirSync, rmdirSync } from 'node:fs';
import type { GuestSpec } from '../../core/ports/engine.ts';
import { bindMount, unmount } from '../../host/mount.ts';

/** Shows the root at `stage`. Disposing takes it down (a guest made meanwhile keeps it). */
export function stageRoot(spec: Pick<GuestSpec, 'rootfs'>, stage: string): Disposable {
  mkdirSync(stage, { mode: 0o711 });
  try {
    bindMount(spec.rootfs, stage);
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
