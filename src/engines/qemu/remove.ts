/** Clears away everything of a machine in whatever state it is. Works from what is found and may be cut off and repeated. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import type { Cgroups } from '../../host/cgroup.ts';
import { processRef, signalProcess, waitUntil } from '../../host/process.ts';
import type { Layout } from './layout.ts';
import { readRecord } from './record.ts';
import { isOfMachine } from './supervisor.ts';

const settleMs = 15_000;
const sigkill = 9;

export async function removeMachine(layout: Layout, cgroups: Cgroups, id: string): Promise<void> {
  // Made first and removed last: without it there is nothing else.
  if (!existsSync(layout.machine(id)) && !cgroups.exists(id)) return;
  const record = readRecord(layout, id);
  if (record) signalProcess(record.qemu, sigkill);
  await cgroups.killAll(id);
  await endStrays(layout, id);
  await cgroups.remove(id);
  if (existsSync(layout.room(id))) rmdirSync(layout.room(id));
  for (const path of [layout.exit(id), `${layout.exit(id)}.new`]) rmSync(path, { force: true });
  rmSync(layout.machine(id), { recursive: true, force: true });
}

/** The supervisor, which writes the exit file, and what a making that was cut off has left: all name the machine in their arguments. */
async function endStrays(layout: Layout, id: string): Promise<void> {
  const none = () => {
    const strays = allPids().filter((pid) => isOfMachine(pid, layout, id));
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
