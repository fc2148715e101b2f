/**
 * Clears away everything of a guest in whatever state it is: running, ended, cut off half-way through its making, or
 * unknown. Works from what is found on the host and may itself be cut off and repeated.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cgroups } from '../../host/cgroup.ts';
import { processRef, signalProcess, waitUntil } from '../../host/process.ts';
import { endStrays } from '../strays.ts';
import type { Layout } from './layout.ts';
import { notedInit } from './record.ts';
import { clearStage } from './stage.ts';
import { findSupervisor, isSupervisorOf } from './supervisor.ts';

const settleMs = 15_000;
const sigkill = 9;

export async function removeGuest(layout: Layout, cgroups: Cgroups, id: string): Promise<void> {
  // Made first and removed last: without it there is nothing else.
  if (!existsSync(layout.bundle(id)) && !cgroups.exists(id)) return;
  await endProcesses(layout, cgroups, id);
  await cgroups.remove(id);
  clearStage(layout.stage(id));
  clearFiles(layout, id);
}

async function endProcesses(layout: Layout, cgroups: Cgroups, id: string): Promise<void> {
  await cgroups.killAll(id);
  const init = notedInit(layout, id);
  const supervisor = findSupervisor(layout, id);
  if (init && supervisor) {
    signalProcess(init, sigkill);
    signalProcess(supervisor, sigkill);
    await waitUntil(() => processRef(supervisor.pid)?.startTicks !== supervisor.startTicks, {
      timeoutMs: settleMs,
      what: `guest ${id}: end of its supervisor`,
    });
    return;
  }
  if (init) signalProcess(init, sigkill);
  // conmon or crun of a making that was cut off: both name the bundle in their arguments.
  await endStrays(id, (pid) => isSupervisorOf(pid, layout, id));
  // A crun that was killed on its way may have put its child into the group meanwhile.
  await cgroups.killAll(id);
}

/** The bundle goes last: as long as it is there, the guest is found again. */
function clearFiles(layout: Layout, id: string): void {
  for (const path of [layout.runtimeState(id), layout.socketLink(id), layout.exit(id)])
    rmSync(path, { recursive: true, force: true });
  // conmon writes its exit file under another name first.
  for (const name of readdirSync(layout.exits)) {
    if (name.startsWith(`${id}.`)) rmSync(join(layout.exits, name), { force: true });
  }
  rmSync(layout.bundle(id), { recursive: true, force: true });
}
