/**
 * Memory that a burst of work (an image of 200 MB passing through) left behind: nobody collects it while the daemon is
 * idle, so it is collected once after the burst, and what is free goes back to the kernel.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { libc } from './libc.ts';

const mallocTrim = libc.func('int malloc_trim(size_t pad)');

/** Blocks for some ten milliseconds: call it when nothing is waiting. */
export function giveBackMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect();
  mallocTrim(0);
}
