/**
 * The daemon, with a finger on the trigger: it notes every step in the file `steps` of its directory, and kills itself with
 * SIGKILL at the one that the file `kill-at` names. Started by bin/gasthofd with GASTHOF_ENTRY, so that everything around
 * it is as users have it.
 */
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StepObserver } from '../../../src/core/operations/steps.ts';
import { assemble } from '../../../src/daemon/assemble.ts';
import { log } from '../../../src/daemon/log.ts';
import { serve } from '../../../src/daemon/serve.ts';
import { statePaths } from '../../../src/host/paths.ts';
import type { KillPoint, SeenStep } from './kill-point.ts';

const paths = statePaths(process.env.GASTHOF_DIR ?? '');
const trigger = join(paths.directory, 'kill-at');

const onStep: StepObserver = (work, { name: step, status, durationMs }) => {
  const seen: SeenStep = { work, step, status, durationMs };
  appendFileSync(join(paths.directory, 'steps'), `${JSON.stringify(seen)}\n`);
  const point = armed();
  if (point?.work !== work || point.step !== step) return;
  if (point.when === status) fire();
  else if (status === 'running' && typeof point.when === 'number') setTimeout(fire, point.when);
};

function armed(): KillPoint | undefined {
  try {
    return JSON.parse(readFileSync(trigger, 'utf8')) as KillPoint;
  } catch {
    return undefined;
  }
}

/** As an outsider's SIGKILL: nothing of this process runs after it. */
function fire(): void {
  rmSync(trigger, { force: true });
  process.kill(process.pid, 'SIGKILL');
  // The signal comes at the next way into the kernel; what follows in this thread must not happen.
  for (;;);
}

const stop = Promise.withResolvers<void>();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.resolve());
process.on('uncaughtException', (error) => log('error', 'uncaught exception: this is a bug', error));
process.on('unhandledRejection', (error) => log('error', 'unhandled rejection: this is a bug', error));
async function main(): Promise<void> {
  await using house = await assemble(paths, log, { onStep });
  await using _server = await serve(house, paths, log, () => stop.resolve());
  await stop.promise;
}
main().then(() => process.exit());
