/**
 * A machine that runs goes to another engine, on this host or another one (`Engine.moving`). The engines see streams only; who
 * carries them, and that exactly one of the two machines runs afterwards, is the caller's affair:
 *
 * 1. There: `create` with `Machine.incoming` (what `describe` says here), `start`, `receive`. Nothing runs yet.
 * 2. Here: `send`. The machine runs until nearly all has gone, then stands still, and `handOver` is called when nothing of
 *    it is left to be sent. From there on the caller decides: when `handOver` resolves, the machine here is dead (remove it);
 *    when it rejects, it goes on here.
 * 3. There: `receive` has resolved, with all in it; `goOn` lets it run. Only then may `handOver` resolve.
 *
 * Laws (test/integration/qemu-moving.root.test.ts):
 * - The guest loses nothing and repeats nothing: memory, disks and what was on its way to them are one state.
 * - Whatever fails before `handOver` has resolved, the machine here runs on, and `remove` there clears the rest.
 * - A machine that has received nothing whole cannot be let go on.
 */
import type { Duplex } from 'node:stream';

/** What a machine is made of, for the engine that is to receive it. */
export type MachineDescription = { type: string; shape: readonly string[] };

export type MovingStreams = {
  /** One way, from here to there. */
  memory: Duplex;
  /** Both ways, for each disk that has to travel; those that both sides see are left out. */
  disks: Readonly<Record<string, Duplex>>;
};

export interface MachineMoving {
  describe(id: string): Promise<MachineDescription>;
  send(
    id: string,
    streams: MovingStreams,
    options: { handOver(): Promise<void>; signal?: AbortSignal },
  ): Promise<{ stoodStillAt: Date }>;
  receive(id: string, streams: MovingStreams, options?: { signal?: AbortSignal }): Promise<void>;
  goOn(id: string): Promise<{ wentOnAt: Date }>;
}
