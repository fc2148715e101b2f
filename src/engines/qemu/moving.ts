/** Machines that run go to another QEMU: their disks first, then their memory, and the rest of both while they stand still. */
import type { MachineMoving, MovingStreams } from '../../core/ports/machine-moving.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Layout } from './layout.ts';
import { letGo, prepareToGive, runOn, runState, untilArrived, untilStill } from './migrating.ts';
import {
  type AwayDisk,
  beginAway,
  endAway,
  handStream,
  offerDisks,
  untilAlike,
  withdrawDisks,
} from './moving-disks.ts';
import type { Qmp } from './qmp.ts';
import type { Reach } from './reach.ts';
import { readRecord } from './record.ts';
import { fullShape, refuseUnsaveable } from './shape.ts';

const downtimeMs = 300;
const eventMs = 10_000;
/** Those who have learned the card's address at another port of a switch hear of it anew. */
const announcement = { initial: 50, max: 550, rounds: 5, step: 100 };

export function createMoving(layout: Layout, { monitor }: Pick<Reach, 'monitor'>): MachineMoving {
  const shapeOf = (id: string) =>
    readRecord(layout, id)?.shape ?? refuse(`guest ${id} was started by an older version: restart it first`);
  return {
    describe: (id) => monitor(id, (qmp) => fullShape(shapeOf(id), qmp)),
    send: (id, streams, options) =>
      monitor(id, async (qmp) => {
        await refuseUnsaveable(shapeOf(id), qmp);
        return sendAll(qmp, streams, options);
      }),
    receive: (id, streams, { signal } = {}) =>
      monitor(id, async (qmp) => {
        signal?.throwIfAborted();
        await offerDisks(qmp, layout.machine(id), streams.disks);
        await handStream(qmp, 'memory', streams.memory);
        await qmp.ask('migrate-incoming', { uri: 'fd:memory' });
        await untilArrived(qmp, signal);
        await withdrawDisks(qmp, streams.disks);
      }),
    goOn: (id) =>
      monitor(id, async (qmp) => {
        if ((await runState(qmp)) !== 'paused') refuse(`guest ${id} has not received all that it needs to run`);
        await qmp.ask('cont');
        const { at } = await qmp.event('RESUME', eventMs);
        await qmp.ask('announce-self', announcement);
        return { wentOnAt: at };
      }),
  };
}

async function sendAll(
  qmp: Qmp,
  { memory, disks }: MovingStreams,
  { handOver, signal }: { handOver(): Promise<void>; signal?: AbortSignal },
): Promise<{ stoodStillAt: Date }> {
  const away: AwayDisk[] = [];
  try {
    for (const [disk, stream] of Object.entries(disks)) away.push(await beginAway(qmp, disk, stream));
    for (const disk of away) await untilAlike(qmp, disk, signal);
    await prepareToGive(qmp, downtimeMs);
    await handStream(qmp, 'memory', memory);
    await qmp.ask('migrate', { uri: 'fd:memory' });
    await untilStill(qmp, signal);
    for (let disk = away.pop(); disk; disk = away.pop()) await endAway(qmp, disk, { calledOff: false });
    await letGo(qmp);
    const { at } = await qmp.event('STOP', eventMs);
    await handOver();
    return { stoodStillAt: at };
  } catch (error) {
    // One that does not answer any more has ended, which is told elsewhere.
    for (const disk of away) await endAway(qmp, disk, { calledOff: true }).catch(() => {});
    await runOn(qmp).catch(() => {});
    throw error;
  }
}

function refuse(reason: string): never {
  throw new HostError(reason);
}
