/** The line that clients show while files travel. */
import type { Clock } from '../ports/clock.ts';

const everyMs = 1_000;
const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `fs_progress`, as Incus writes it: `c1: 12.34MB (5.67MB/s)`. */
export function createProgress(
  clock: Pick<Clock, 'elapsedMs'>,
  name: string,
  setMetadata: (patch: Record<string, unknown>) => void,
): (bytes: number) => void {
  const begin = clock.elapsedMs();
  let told = begin;
  return (bytes) => {
    const now = clock.elapsedMs();
    if (now - told < everyMs) return;
    told = now;
    const perSecond = (bytes * 1000) / (now - begin);
    setMetadata({ fs_progress: `${name}: ${shownSize(bytes)} (${shownSize(perSecond)}/s)` });
  };
}

function shownSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(2)}${units[unit]}`;
}
