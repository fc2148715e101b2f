/** Progress of a download, in the words that Incus clients show: `56% (49.72MB/s)`. */
import type { Clock } from '../../ports/clock.ts';
import type { ByteProgress } from './remote-image.ts';

/** A new text at most so often: each is an event for every listener. */
const everyMs = 200;

export function downloadProgress(
  clock: Pick<Clock, 'elapsedMs'>,
  sizeBytes: number,
  tell: (text: string) => void,
): ByteProgress {
  const beginMs = clock.elapsedMs();
  let bytes = 0;
  let toldMs = beginMs;
  return (more) => {
    bytes += more;
    const nowMs = clock.elapsedMs();
    if (nowMs - toldMs < everyMs) return;
    toldMs = nowMs;
    const megabytesPerSecond = bytes / 1000 / (nowMs - beginMs);
    const part = sizeBytes > 0 ? `${Math.min(100, Math.floor((bytes / sizeBytes) * 100))}%` : megabytes(bytes);
    tell(`${part} (${megabytesPerSecond.toFixed(2)}MB/s)`);
  };
}

const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(2)}MB`;
