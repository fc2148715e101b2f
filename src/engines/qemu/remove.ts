/** Clears away everything of a machine in whatever state it is. Works from what is found and may be cut off and repeated. */
import { existsSync, rmdirSync, rmSync } from 'node:fs';
import type { Cgroups } from '../../host/cgroup.ts';
import { signalProcess } from '../../host/process.ts';
import { endStrays } from '../strays.ts';
import type { Layout } from './layout.ts';
import { readRecord } from './record.ts';
import { clearShares } from './shares.ts';
import { isOfMachine } from './supervisor.ts';

const sigkill = 9;

export async function removeMachine(layout: Layout, cgroups: Cgroups, id: string): Promise<void> {
  // Made first and removed last: without it there is nothing else.
  if (!existsSync(layout.machine(id)) && !cgroups.exists(id)) return;
  const record = readRecord(layout, id);
  if (record) signalProcess(record.qemu, sigkill);
  await cgroups.killAll(id);
  // The supervisor, which writes the exit file, and what a making that was cut off has left.
  await endStrays(id, (pid) => isOfMachine(pid, layout, id));
  clearShares(layout, id);
  await cgroups.remove(id);
  if (existsSync(layout.room(id))) rmdirSync(layout.room(id));
  for (const path of [layout.exit(id), `${layout.exit(id)}.new`]) rmSync(path, { force: true });
  rmSync(layout.machine(id), { recursive: true, force: true });
}
