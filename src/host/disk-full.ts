/** Recognises a full disk in whatever a call or a program said about it. */
import { HostError } from '../lib/host-error.ts';

const texts = { ENOSPC: /No space left on device/, EDQUOT: /Disk quota exceeded/ };

/** The same error, or one that says plainly that there is no room in `place`. */
export function explainDiskFull(error: unknown, place: string): unknown {
  const { code, errno, message } = error as { code?: unknown; errno?: unknown; message?: string };
  for (const [name, text] of Object.entries(texts))
    if (code === name || errno === name || (error instanceof HostError && text.test(message ?? '')))
      return new HostError(`no space left in ${place}`, {
        errno: name,
        help: 'delete guests, snapshots or images, or enlarge the file system below',
        cause: error,
      });
  return error;
}
