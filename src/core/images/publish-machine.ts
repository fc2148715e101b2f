/**
 * Publishing a virtual machine: a linked copy of its disk is taken, in an instant, and the image is made of that while the
 * machine may go on. Machines of the image in this pool stand on the copy's bytes: nothing is unpacked for them.
 */
import { copyRoot, openedPool } from '../instances/copy-volume.ts';
import { instanceById } from '../instances/find.ts';
import { rootsOf } from '../instances/roots.ts';
import type { InstanceDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { ImageFiles, ReceivedImage } from '../ports/images.ts';
import type { PublishNeeds } from './publish.ts';

export type WriteDisk = Parameters<ImageFiles['publishDisk']>[0];

type Work = {
  pack(write: WriteDisk): Promise<ReceivedImage>;
  enter(received: ReceivedImage): Promise<void>;
};
type Context = { doc: InstanceDoc; aside: string; received?: ReceivedImage };

export async function publishMachine(
  house: PublishNeeds,
  { id, snapshot }: { id: string; snapshot: string | undefined },
  { pack, enter }: Work,
  task: Task,
): Promise<void> {
  const doc = instanceById(house, id);
  const { disks } = openedPool(house, doc.pool);
  const steps: Step<Context>[] = [
    {
      name: 'copy the disk aside',
      do: ({ aside }, signal) =>
        house.queue(id, async () => {
          const now = instanceById(house, id);
          if (snapshot !== undefined) await rootsOf(house, now).copy({ id, snapshot }, aside, { signal });
          else await copyRoot(house, now, { pool: now.pool, id: aside }, { signal });
        }),
      undo: ({ aside }) => rootsOf(house, doc).remove(aside),
    },
    {
      name: 'write the image',
      async do(context, signal) {
        const write: WriteDisk = (path, form) =>
          disks.writeOut({ id: context.aside }, path, { format: 'qcow2', ...form }, { signal });
        context.received = await pack(write);
      },
    },
    { name: 'enter the image', do: ({ received }) => received && enter(received) },
    {
      name: 'keep its disk in the pool',
      async do({ received, aside }) {
        // It is there to save time: without it the first machine unpacks the image.
        if (received) await disks.images.createFrom(received.fingerprint, { id: aside }).catch(() => {});
        await rootsOf(house, doc).remove(aside);
      },
    },
  ];
  await performSteps(house, task, steps, { doc, aside: house.clock.randomHex(6) });
}
