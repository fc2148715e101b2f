/**
 * The console log of a machine has an end: QEMU appends what the guest writes for as long as it runs, so the daemon cuts off
 * the beginning when it has grown. A busy console wakes the daemon once in a while, a silent one never.
 */
import { closeSync, type FSWatcher, fstatSync, ftruncateSync, openSync, readSync, watch, writeSync } from 'node:fs';

const mebibyte = 2 ** 20;
/** As with containers, whose conmon has the same limit (crun/supervisor.ts). */
const defaults = { largestBytes: mebibyte, restMs: 2000 };

export type ConsoleLogs = Disposable & {
  /** The log of a machine that is there; made anew at each of its starts. */
  follow(id: string): void;
  forget(id: string): void;
};

export function createConsoleLogs(pathOf: (id: string) => string, options: Partial<typeof defaults> = {}): ConsoleLogs {
  const { largestBytes, restMs } = { ...defaults, ...options };
  const followed = new Map<string, () => void>();
  const forget = (id: string) => {
    followed.get(id)?.();
    followed.delete(id);
  };
  const look = (id: string) => {
    const path = pathOf(id);
    try {
      shorten(path, largestBytes, Math.floor(largestBytes / 2));
      const watcher: FSWatcher = watch(path, { persistent: false });
      // Each byte is an event: one is enough, the next look comes after a rest.
      watcher.once('change', () => {
        watcher.close();
        const timer = setTimeout(() => look(id), restMs).unref();
        followed.set(id, () => clearTimeout(timer));
      });
      watcher.on('error', () => forget(id));
      followed.set(id, () => watcher.close());
    } catch {
      // It is not there, or nothing more can be watched: the next start tries again.
      followed.delete(id);
    }
  };
  return {
    follow(id) {
      forget(id);
      look(id);
    },
    forget,
    [Symbol.dispose]() {
      for (const id of [...followed.keys()]) forget(id);
    },
  };
}

/** QEMU writes at the end, wherever that is (O_APPEND); what comes in just now may be lost. */
function shorten(path: string, largestBytes: number, keptBytes: number): void {
  const file = openSync(path, 'a+');
  try {
    const { size } = fstatSync(file);
    if (size <= largestBytes) return;
    const tail = Buffer.alloc(keptBytes);
    const read = readSync(file, tail, 0, keptBytes, size - keptBytes);
    const line = tail.indexOf('\n');
    ftruncateSync(file, 0);
    writeSync(file, tail.subarray(line < 0 || line + 1 >= read ? 0 : line + 1, read));
  } finally {
    closeSync(file);
  }
}
