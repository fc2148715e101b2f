/** A machine arrives at this server while it runs: it is made here, takes up what comes, and goes on when it has been let go of. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { rootDiskId } from '../instances/roots.ts';
import { startArriving } from '../instances/start.ts';
import type { InstanceDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { BesideTree } from '../ports/backups.ts';
import type { LiveMachine, LiveWire } from '../ports/migration.ts';
import type { Pool } from '../ports/storage.ts';

type Place = { house: House; doc: InstanceDoc; pool: Pool; task: Task };

/** `beside`: what came beside its disk. `enter` notes it as one that runs. */
export async function receiveRunning(
  { house, doc, pool, task }: Place,
  beside: BesideTree,
  { diskBytes, described }: LiveMachine,
  wire: LiveWire,
  enter: (patch: Partial<InstanceDoc>) => Promise<void>,
): Promise<{ wentOnAt: Date }> {
  const { id, name } = doc;
  const { moving } = house.engines[doc.type];
  if (!moving) fail('migration.live-machine', { name, reason: 'the engine here cannot take it' });
  await pool.disks.createEmpty(id, diskBytes, { signal: wire.signal });
  await pool.machineFiles.write({ id }, beside.machine ?? {});
  let wentOnAt = new Date(0);
  const arrival = {
    described,
    async receive(signal: AbortSignal) {
      const { memory, disk } = await wire.ready();
      const both = AbortSignal.any([signal, wire.signal]);
      await moving.receive(id, { memory, disks: { [rootDiskId]: disk } }, { signal: both });
      await wire.handedOver();
    },
    async goOn() {
      ({ wentOnAt } = await moving.goOn(id));
    },
    note: () => enter({ lastUsedAt: wentOnAt.toISOString() }),
  };
  await startArriving(house, id, arrival, task);
  return { wentOnAt };
}
