/** What is true of all guests now, from files and /proc alone: no process is started for it. */
import { statSync } from 'node:fs';
import type { Observed } from '../../core/ports/engine.ts';
import type { Cgroups } from '../../host/cgroup.ts';
import { startedAt, waitUntil } from '../../host/process.ts';
import { type Ends, readEnd } from '../ends.ts';
import type { Layout } from './layout.ts';
import { listGuests, livingInit, waitsForStart } from './record.ts';
import { findSupervisor } from './supervisor.ts';

/** conmon writes the exit file a moment after its guest has died. */
const exitFileMs = 3000;

export async function observeGuests(layout: Layout, cgroups: Cgroups, ends: Ends): Promise<Observed[]> {
  return Promise.all(listGuests(layout).map((id) => observeGuest(layout, cgroups, ends, id)));
}

async function observeGuest(layout: Layout, cgroups: Cgroups, ends: Ends, id: string): Promise<Observed> {
  const init = livingInit(layout, id);
  if (init) {
    const state = waitsForStart(layout, id) ? 'created' : cgroups.isFrozen(id) ? 'frozen' : 'running';
    return { id, state, pid: init.pid, startedAt: startedAt(init) };
  }
  const told = () => readEnd(layout, id) !== undefined || !findSupervisor(layout, id);
  await waitUntil(told, { timeoutMs: exitFileMs, what: `guest ${id}: exit file` }).catch(() => {});
  const end = readEnd(layout, id);
  if (end) return { id, state: 'ended', ...end };
  // Nobody is left who could tell: the supervisor was lost, the host restarted, or the making was cut off.
  ends.tellUnknown(id);
  const endedAt = statSync(layout.bundle(id), { throwIfNoEntry: false })?.mtime ?? new Date();
  return { id, state: 'ended', cause: { kind: 'unknown' }, endedAt };
}
