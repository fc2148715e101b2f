/** Turns what the kernel says about a path into the port's refusals. */
import { FileRefused } from '../core/ports/files.ts';
import { HostError } from '../lib/host-error.ts';

const reasons: Record<string, [reason: FileRefused['reason'], text: string]> = {
  ENOENT: ['not-found', 'does not exist'],
  ENOTDIR: ['not-a-directory', 'a part of the path is not a directory'],
  EISDIR: ['is-a-directory', 'is a directory'],
  ENOTEMPTY: ['not-empty', 'the directory is not empty'],
  EEXIST: ['exists', 'exists already'],
  ELOOP: ['loop', 'links lead round in a circle, or through a link of /proc'],
  ENOSPC: ['no-space', 'no space left'],
  EDQUOT: ['no-space', 'the size limit is reached'],
  EFBIG: ['no-space', 'the file would be too big'],
  EROFS: ['read-only', 'is on a read-only file system'],
  ENAMETOOLONG: ['too-long', 'the name is too long'],
  EINVAL: ['invalid', 'is not a usable path'],
  EBUSY: ['special', 'is in use by the system, for example as a mount point'],
  EXDEV: ['special', 'is a mount point'],
  ENXIO: ['special', 'is not a regular file'],
  ENODEV: ['special', 'is not a regular file'],
};

export function refuse(reason: FileRefused['reason'], path: string | Buffer, why: string): FileRefused {
  return new FileRefused(reason, `${JSON.stringify(String(path))}: ${why}`);
}

/** Runs one request on `path`; an errno that a caller can act on becomes a `FileRefused`. */
export async function explaining<T>(path: string | Buffer, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(path, error);
  }
}

function explained(path: string | Buffer, error: unknown): unknown {
  const errno = error instanceof HostError ? error.errno : (error as NodeJS.ErrnoException | undefined)?.code;
  const known = errno === undefined || !Object.hasOwn(reasons, errno) ? undefined : reasons[errno];
  if (known) return refuse(known[0], path, known[1]);
  if (errno !== undefined && /^E[A-Z]+$/.test(errno) && !(error instanceof HostError))
    return new HostError(`${JSON.stringify(String(path))}: ${errno}`, { errno, cause: error });
  return error;
}
