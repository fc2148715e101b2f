/** A counter inside the tiny machine, and what its serial logs tell of it: whether a machine that was moved has lost or repeated a tick. */
import assert from 'node:assert/strict';
import type { Engine } from '../../src/core/ports/engine.ts';
import { eventually } from './engine-lab.ts';

const counting = 'i=0; while :; do i=$((i+1)); echo "tick $i"; sleep 0.02; done\n';
const tickMs = 60_000;

/** Begins to count on the serial console, and resolves when it does. */
export async function beginTicks(engine: Engine, id: string): Promise<void> {
  const console = await engine.console(id);
  console.input.write(counting);
  await untilTick(engine, id, 10);
  console.close();
}

export const logOf = async (engine: Engine, id: string) => String(await engine.consoleLog(id));

export async function untilTick(engine: Engine, id: string, least: number): Promise<void> {
  await eventually(`tick ${least}`, async () => (ticksIn(await logOf(engine, id)).at(-1) ?? 0) >= least, tickMs);
}

/** More than there were when this was called. */
export async function untilMoreTicks(engine: Engine, id: string): Promise<void> {
  const count = async () => ticksIn(await logOf(engine, id)).length;
  const least = (await count()) + 15;
  await eventually('more ticks', async () => (await count()) >= least, tickMs);
}

/** Whole lines only. */
export const ticksIn = (log: string): number[] =>
  [...log.matchAll(/tick (\d+)\r?\n/g)].map(([, count]) => Number(count));

/** Each tick once, none left out. */
export function assertUnbroken(log: string): void {
  const ticks = ticksIn(log);
  const [first = 0] = ticks;
  assert.ok(ticks.length > 10, log.slice(-500));
  assert.deepEqual(
    ticks,
    ticks.map((_, index) => first + index),
  );
}
