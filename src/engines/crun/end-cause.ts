/**
 * Why a guest ended, from conmon's exit file. Process 1 of a pid namespace always ends by a signal that the kernel
 * chooses: SIGHUP after reboot(RESTART), SIGINT after halt and poweroff; a plain exit is a crash.
 */
import type { EndCause } from '../../core/ports/engine.ts';
import { signalName } from '../../host/signals.ts';

const signalBase = 128;

/** `oomNearby`: a process of the guest was killed for memory at about the same time. */
export function endCause(exitFile: string, oomNearby: boolean): EndCause {
  const code = Number.parseInt(exitFile, 10);
  if (!Number.isInteger(code) || code < 0) return { kind: 'unknown' };
  const signal = code > signalBase ? signalName(code - signalBase) : undefined;
  if (signal === 'SIGHUP') return { kind: 'rebooting' };
  if (signal === 'SIGINT') return { kind: 'halted' };
  if (signal === 'SIGKILL') return oomNearby ? { kind: 'oom' } : { kind: 'killed', signal };
  return { kind: 'crashed', exitCode: code };
}
