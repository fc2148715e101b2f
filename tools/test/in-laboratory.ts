/**
 * Started inside a laboratory: runs one test file in a process of its own, then compares mounts, links, tables and
 * processes with those before. The report goes on to the descriptor that the runner opened. With GASTHOF_TEST_AS=user the
 * file runs as an ordinary user, who is made for it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { difference, laboratoryState, type State } from './host-state.ts';
import { nodeTestArguments } from './node-test.ts';
import { failure } from './results.ts';

/** A supervisor ends some seconds after its guest. */
const patienceMs = 6000;

const [file = ''] = process.argv.slice(2);
const report = Number(process.env.GASTHOF_TEST_RESULTS_FD);
const before = laboratoryState();
const root = join(import.meta.dirname, '..', '..');
const asUser = process.env.GASTHOF_TEST_AS === 'user';
const [executable = '', ...args] = asUser
  ? [join(root, 'tools/as-user'), ...nodeTestArguments(root, [file], ['--import', join(root, 'test/skip-as-user.ts')])]
  : nodeTestArguments(root, [file]);
const child = spawn(executable, args, { stdio: ['ignore', 'inherit', 'inherit', report] });
const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
const leaks = await lastingDifference(before);
if (leaks.length > 0) {
  const leak = failure(file, 'leaves its laboratory as it was', leaks.join('\n'));
  writeSync(report, `${JSON.stringify({ kind: 'result', ...leak })}\n`);
}
process.exitCode = signal ? 128 : (code ?? 1);

async function lastingDifference(start: State): Promise<string[]> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = difference(start, laboratoryState());
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(100);
  }
}
