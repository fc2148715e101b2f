/** Changes in a directory, told by inotify: nothing is polled, and the process is not kept alive by it. */
import { watch } from 'node:fs';

/** Calls `listener` with the name of each entry that was made, changed, renamed or removed. */
export function watchDirectory(path: string, listener: (name: string) => void): Disposable {
  const watcher = watch(path, { persistent: false }, (_event, name) => {
    if (name !== null) listener(name);
  });
  // The directory itself was removed: there is nothing more to tell.
  watcher.on('error', () => watcher.close());
  return { [Symbol.dispose]: () => watcher.close() };
}
