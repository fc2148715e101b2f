/**
 * Custom volumes of all drivers: `root`, a tree of files with unshifted ids, or `disk`, a sparse file. Guests are shown
 * them directly, so one tree serves any number of guests.
 */
import { chmod, chown, lstat, mkdir, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { CustomContent, Work } from '../core/ports/storage.ts';
import { copySparseFile, copyTree } from '../host/copy-tree.ts';
import { HostError } from '../lib/host-error.ts';
import { exists } from './pool-directory.ts';
import type { VolumeFormat } from './volume-format.ts';

const names = { filesystem: 'root', block: 'disk' } as const;

/** Others may pass through but not look, as Incus has it. */
const defaultMode = 0o711;

export const contentPath = (directory: string, kind: CustomContent['kind']): string => join(directory, names[kind]);

/** `mounts` says how the driver shows a plain directory `root`. */
export function customFormat(mounts: Pick<VolumeFormat, 'mount' | 'unmount'>): VolumeFormat {
  return {
    content: '.',
    standsOn: async () => undefined,
    fill: (directory) => makeContent(directory, { kind: 'filesystem' }),
    duplicate: async (from, to, work) => {
      const kind = await kindOf(from);
      await copyContent(contentPath(from, kind), to, work);
    },
    async mount(directory, target, options) {
      if ((await kindOf(directory)) === 'block')
        throw new HostError('the volume holds a disk, not files', { errno: 'ENOTDIR' });
      await mounts.mount(directory, target, options);
    },
    unmount: mounts.unmount,
  };
}

async function kindOf(directory: string): Promise<CustomContent['kind']> {
  return (await exists(contentPath(directory, 'block'))) ? 'block' : 'filesystem';
}

export async function makeContent(directory: string, content: CustomContent): Promise<void> {
  const path = contentPath(directory, content.kind);
  if (content.kind === 'block') {
    const file = await open(path, 'wx', 0o600);
    await file.close();
    return setLength(path, content.sizeBytes);
  }
  await mkdir(path);
  await chown(path, content.uid ?? 0, content.gid ?? 0);
  await chmod(path, content.mode ?? defaultMode);
}

/** Copies content to the new, empty directory `to` of a volume. */
export async function copyContent(from: string, to: string, work: Work): Promise<void> {
  if ((await lstat(from)).isDirectory()) return copyTree(from, contentPath(to, 'filesystem'), work);
  return copySparseFile(from, contentPath(to, 'block'), work);
}

export async function growDisk(directory: string, sizeBytes: number): Promise<void> {
  const path = contentPath(directory, 'block');
  if ((await lstat(path)).size > sizeBytes)
    throw new HostError('a disk cannot be made smaller', { errno: 'EINVAL', help: 'copy it to a new, smaller one' });
  await setLength(path, sizeBytes);
}

/** Sparse: nothing is written. How long a file may be depends on the file system. */
async function setLength(path: string, sizeBytes: number): Promise<void> {
  try {
    await truncate(path, sizeBytes);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new HostError(`a disk of ${sizeBytes} bytes cannot be kept here (${code})`, { cause, errno: code ?? 'EIO' });
  }
}
