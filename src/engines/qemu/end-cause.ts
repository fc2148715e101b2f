/** Why a machine ended, from QEMU's exit code, which its supervisor wrote down, and its last words. */
import type { EndCause } from '../../core/ports/engine.ts';
import { signalName } from '../../host/signals.ts';

const signalBase = 128;
/** QEMU ends with 0 then, as it does when the guest powers off. */
const endedBySignal = /terminating on signal (\d+)/;

export function endCause(exitFile: string, oomNearby: boolean, log: string): EndCause {
  const code = Number.parseInt(exitFile, 10);
  if (!Number.isInteger(code) || code < 0) return { kind: 'unknown' };
  const told = endedBySignal.exec(log)?.[1];
  const signal = told !== undefined ? Number(told) : code > signalBase ? code - signalBase : undefined;
  if (signal !== undefined) return oomNearby ? { kind: 'oom' } : { kind: 'killed', signal: signalName(signal) };
  return code === 0 ? { kind: 'halted' } : { kind: 'crashed', exitCode: code };
}
