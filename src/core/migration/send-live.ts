/**
 * A machine leaves this server while it runs. Before the other side is told to let it go on there, it is noted that it has
 * been handed over: whoever comes next leaves it standing still, for it may run over there.
 */
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import { presentCaller } from '../events/caller.ts';
import type { House } from '../house.ts';
import { applyEvent, changeInstance } from '../instances/change.ts';
import { openedPool } from '../instances/copy-volume.ts';
import { warnHandedOver } from '../instances/handed-over.ts';
import { rootDiskId } from '../instances/roots.ts';
import { type InstanceDoc, keys } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { EndCause } from '../ports/engine.ts';
import type { HandedOver, LiveSource } from '../ports/migration.ts';
import { checkLiveInstance } from './live.ts';

/** A machine that is killed is gone at once. */
const killMs = 20_000;

export type Leaving = {
  /** The caller holds the instance's queue, also while it is sent. */
  source(doc: InstanceDoc): Promise<LiveSource>;
  /** Resolves when what was left here has been cleared. The queue is free again. */
  settled(): Promise<void>;
};

export function liveLeaving(house: House, id: string, task: Pick<Task, 'setMetadata'>): Leaving {
  let ended: Promise<EndCause | undefined> | undefined;

  return {
    async source(doc) {
      if (doc.phase === 'frozen') fail('instance.frozen', { name: doc.name });
      if (doc.phase !== 'running') fail('migration.live-machine', { name: doc.name, reason: 'it has been stopped' });
      const moving = checkLiveInstance(house, doc);
      const diskBytes = await openedPool(house, doc.pool).disks.sizeBytes({ id });
      const described = await explained(doc, () => moving.describe(id));
      return {
        machine: { diskBytes, described },
        async send({ memory, disk }, { handOver, signal }) {
          const outcome: { handedOver?: HandedOver } = {};
          let noted = false;
          try {
            const { stoodStillAt } = await moving.send(
              id,
              { memory, disks: { [rootDiskId]: disk } },
              {
                signal,
                async handOver() {
                  await applyEvent(house, id, 'freeze', { handedOver: true });
                  noted = true;
                  outcome.handedOver = await handOver();
                },
              },
            );
            tellDowntime(task, stoodStillAt, outcome.handedOver);
          } catch (error) {
            // It runs on here.
            if (noted) await applyEvent(house, id, 'unfreeze');
            if (error instanceof HostError) return refuse(doc, error);
            throw error;
          }
          if (!outcome.handedOver?.taken) return warnHandedOver(house, doc);
          ended = house.runtime.whenEnded(id, killMs);
          house.runtime.askedToEnd(id, presentCaller());
          await house.engines[doc.type].kill(id);
        },
      };
    },
    async settled() {
      if (!ended) return;
      if (!(await ended)) throw new Error('the machine does not end');
      await house.queue(id, async () => {
        const doc = house.documents.get<InstanceDoc>(keys.instance(id));
        if (doc?.handedOver) await changeInstance(house, id, { handedOver: undefined });
      });
    },
  };
}

/** By the clocks of both sides. */
function tellDowntime(
  { setMetadata }: Pick<Task, 'setMetadata'>,
  from: Date,
  handedOver: HandedOver | undefined,
): void {
  if (!handedOver?.taken || !handedOver.wentOnAt) return;
  setMetadata({ downtime_ms: handedOver.wentOnAt.getTime() - from.getTime() });
}

const refuse = ({ name }: InstanceDoc, error: HostError): never =>
  fail('migration.live-machine', { name, reason: error.message }, error);

async function explained<T>(doc: InstanceDoc, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HostError) return refuse(doc, error);
    throw error;
  }
}
