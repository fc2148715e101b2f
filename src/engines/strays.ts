/** Processes of a guest whose pids nobody noted: those of a making that was cut off, and supervisors that lose their guest. */
import { readdirSync } from 'node:fs';
import { processRef, signalProcess, waitUntil } from '../host/process.ts';

const settleMs = 15_000;
const sigkill = 9;

/** Kills all that `belongs` tells by their arguments; resolves when none is left. */
export async function endStrays(id: string, belongs: (pid: number) => boolean): Promise<void> {
  const none = () => {
    const strays = allPids().filter(belongs);
    for (const pid of strays) {
      const ref = processRef(pid);
      if (ref) signalProcess(ref, sigkill);
    }
    return strays.length === 0;
  };
  await waitUntil(none, { timeoutMs: settleMs, what: `guest ${id}: end of its supervisor` });
}

function allPids(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}
