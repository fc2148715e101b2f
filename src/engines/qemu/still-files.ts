/**
 * File systems of a machine that stand still while its disk is taken, so that what programs wrote is on it: frozen by its
 * agent, and thawed whatever happens. Where no agent answers, the disk is as after a power failure.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Agent } from './agent.ts';
import type { Layout } from './layout.ts';
import type { Reach } from './reach.ts';

/** An agent that is there answers at once; a machine without one is not to be waited for. */
const glanceMs = 1000;
/** Programs inside stand still meanwhile: longer than any switch of disks, shorter than what they take for an end. */
const longestStillMs = 8000;
const thawTries = 20;
const thawPauseMs = 500;

type Needs = { layout: Layout; agent: Reach['agent'] };

/** Runs `work` while they stand still, or as they are. */
export async function withStillFiles<T>({ layout, agent }: Needs, id: string, work: () => Promise<T>): Promise<T> {
  const mark = layout.stillFiles(id);
  let begun: Promise<T> | undefined;
  const once = () => {
    begun ??= work();
    return begun;
  };
  try {
    return await agent(
      id,
      async ({ ask }) => {
        // Before it is asked: a daemon that is killed now leaves a machine that the next one looks at.
        writeFileSync(mark, '');
        await ask('guest-fsfreeze-freeze');
        const deadline = setTimeout(() => void ask('guest-fsfreeze-thaw').catch(() => {}), longestStillMs);
        try {
          return await once();
        } finally {
          clearTimeout(deadline);
        }
      },
      glanceMs,
    );
  } catch (error) {
    // No agent, or none that can do it: the disk is taken all the same. What the work itself says is told.
    if (begun) return await begun;
    if (!existsSync(layout.machine(id))) throw error;
    return await once();
  } finally {
    await thawFiles({ layout, agent }, id);
  }
}

/** Costs nothing where nothing was frozen. Also what an earlier daemon has left frozen. */
export async function thawFiles({ layout, agent }: Needs, id: string): Promise<void> {
  for (let tries = 0; existsSync(layout.stillFiles(id)) && tries < thawTries; tries++) {
    const isThawed = await agent(id, thawed, glanceMs).catch(() => false);
    if (isThawed) rmSync(layout.stillFiles(id), { force: true });
    else await new Promise((resolve) => setTimeout(resolve, thawPauseMs));
  }
}

async function thawed({ ask }: Agent): Promise<boolean> {
  if ((await ask('guest-fsfreeze-status')) === 'thawed') return true;
  await ask('guest-fsfreeze-thaw');
  return (await ask('guest-fsfreeze-status')) === 'thawed';
}
