/** Opening a file or block device for QEMU, which opens nothing itself. */
import { constants, openSync } from 'node:fs';
import type { DiskFile } from '../../core/ports/machine.ts';
import { openInside, openPath, openRootDirectory, reopen, statusOf } from '../../host/openat.ts';
import { HostError } from '../../lib/host-error.ts';

/** The caller closes the descriptor. */
export function openDiskFile({ path, readOnly, inside }: Pick<DiskFile, 'path' | 'readOnly' | 'inside'>): number {
  const access = readOnly ? constants.O_RDONLY : constants.O_RDWR;
  try {
    if (inside === undefined) return openSync(path, access);
    using root = openRootDirectory(inside);
    using found = openInside(root, path, openPath);
    const status = statusOf(found);
    // Opening anything else may wait, or do something.
    if (!status.isFile() && !status.isBlockDevice())
      throw new HostError(`${path} is neither a file nor a block device`, { errno: 'EINVAL' });
    return reopen(found, access).fd;
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    throw new HostError(`${path} cannot be opened for ${readOnly ? 'reading' : 'writing'} (${errno})`, {
      errno,
      cause,
      ...(errno === 'EACCES' || errno === 'EROFS'
        ? { help: 'readonly=true, or give the daemon the right to write' }
        : {}),
    });
  }
}
