/** Where a daemon under test is to be killed, and how the test and the daemon tell each other. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type KillPoint = {
  /** Description of the operation, and the name of its step. */
  work: string;
  step: string;
  /** Just before it, just after it, or so many milliseconds after its beginning. */
  when: 'running' | 'done' | number;
};

export const triggerName = 'kill-at';
export const killDaemon = join(import.meta.dirname, 'daemon.ts');

export function arm(directory: string, point: KillPoint): void {
  writeFileSync(join(directory, triggerName), JSON.stringify(point));
}

/** As an outsider's SIGKILL: nothing runs after it. */
export function die(): void {
  process.kill(process.pid, 'SIGKILL');
  // The signal may come a moment later; what follows in this thread must not happen.
  for (;;);
}
