/** What is true of all machines now. Only a machine that runs is asked, whether it is paused. */
import { statSync } from 'node:fs';
import type { Observed } from '../../core/ports/engine.ts';
import { startedAt, waitUntil } from '../../host/process.ts';
import { type EndFiles, type Ends, readEnd } from '../ends.ts';
import type { Layout } from './layout.ts';
import { listMachines, livingQemu, waitsForStart } from './record.ts';

/** The supervisor writes the exit file a moment after QEMU has ended. */
const exitFileMs = 3000;

export type ObserveNeeds = {
  layout: Layout;
  ends: Ends;
  files: EndFiles;
  stateOf(id: string): Promise<'created' | 'running' | 'frozen'>;
};

export function createObserver({ layout, ends, files, stateOf }: ObserveNeeds): () => Promise<Observed[]> {
  return () => Promise.all(listMachines(layout).map(observe));

  async function observe(id: string): Promise<Observed> {
    const qemu = livingQemu(layout, id);
    if (qemu) {
      const state = waitsForStart(layout, id) ? 'created' : await stateOf(id);
      return { id, state, pid: qemu.pid, startedAt: startedAt(qemu) };
    }
    const told = () => readEnd(files, id) !== undefined;
    await waitUntil(told, { timeoutMs: exitFileMs, what: `guest ${id}: exit file` }).catch(() => {});
    const end = readEnd(files, id);
    if (end) return { id, state: 'ended', ...end };
    // Nobody is left who could tell: the supervisor was lost, the host restarted, or the making was cut off.
    ends.tellUnknown(id);
    const endedAt = statSync(layout.machine(id), { throwIfNoEntry: false })?.mtime ?? new Date();
    return { id, state: 'ended', cause: { kind: 'unknown' }, endedAt };
  }
}
