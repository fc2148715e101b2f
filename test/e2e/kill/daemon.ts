/**
 * The daemon, with a finger on the trigger: it kills itself with SIGKILL at the step that the file `kill-at` in its
 * directory names. Started by bin/gasthofd with GASTHOF_ENTRY, so everything around it is as users have it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StepObserver } from '../../../src/core/operations/steps.ts';
import { assemble } from '../../../src/daemon/assemble.ts';
import { log } from '../../../src/daemon/log.ts';
import { serve } from '../../../src/daemon/serve.ts';
import { statePaths } from '../../../src/host/paths.ts';
import { die, type KillPoint, triggerName } from './kill-point.ts';

const paths = statePaths(process.env.GASTHOF_DIR ?? '');
const trigger = join(paths.directory, triggerName);

const onStep: StepObserver = (work, { name, status }) => {
  const point = armed();
  if (point?.work !== work || point.step !== name) return;
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

function fire(): void {
  rmSync(trigger, { force: true });
  die();
}

const stop = Promise.withResolvers<void>();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.resolve());
process.on('uncaughtException', (error) => log('error', 'uncaught exception: this is a bug', error));
process.on('unhandledRejection', (error) => log('error', 'unhandled rejection: this is a bug', error));
{
  await using house = await assemble(paths, log, { onStep });
  await using _server = await serve(house, paths, log, () => stop.resolve());
  await stop.promise;
}
process.exit();
