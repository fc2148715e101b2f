/** Why a machine ended, from QEMU's exit code, which its supervisor wrote down, and its last words. */
import type { EndCause } from '../../core/ports/engine.ts';
import { signalName } from '../../host/signals.ts';

const signalBase = 128;
/** QEMU ends with 0 then, as it does when the guest powers off. */
const endedBySignal = /terminating on signal (\d+)/;
const lastLines = 3;
/** What the supervisor's shell says of the signal, which is known already. */
const ofShell = /^(Killed|Terminated|Aborted|Segmentation fault|Bus error|Illegal instruction)( \(core dumped\))?$/;

export function endCause(exitFile: string, oomNearby: boolean, log: string): EndCause {
  const code = Number.parseInt(exitFile, 10);
  if (!Number.isInteger(code) || code < 0) return { kind: 'unknown' };
  const told = endedBySignal.exec(log)?.[1];
  const signal = told !== undefined ? Number(told) : code > signalBase ? code - signalBase : undefined;
  const words = log.split('\n').filter((line) => line.trim() !== '' && !ofShell.test(line));
  const said = told === undefined && words.length > 0 ? { said: words.slice(-lastLines).join('\n') } : {};
  if (signal !== undefined)
    return oomNearby ? { kind: 'oom' } : { kind: 'killed', signal: signalName(signal), ...said };
  return code === 0 ? { kind: 'halted' } : { kind: 'crashed', exitCode: code, ...said };
}
