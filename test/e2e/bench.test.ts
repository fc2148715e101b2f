/** The benchmark runs and prints every row; what it measures is not judged here. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { measures } from '../../bench/measures.ts';
import { lacking } from '../daemon.ts';

const run = promisify(execFile);
const bench = join(import.meta.dirname, '../../bench/bench.ts');
const quickRows = [
  'launchCli',
  'launchApi',
  'execCli',
  'execSockets',
  'stopDeleteApi',
  'copyApi',
  'listApi1',
  'ready10',
  'daemonIdle',
] as const;

test('npm run bench -- --quick prints its conditions and all rows of the table', { skip: lacking() }, async () => {
  const { stdout } = await run(process.execPath, [bench, '1', '--quick', '--no-peers'], { timeout: 180_000 });
  assert.match(stdout, /cores .* kernel .*; cgroup /);
  assert.match(stdout, /load [\d.]+ at the start/);
  const rows = stdout
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  for (const { what, unit } of Object.values(measures))
    assert.ok(
      rows.some((row) => row[1] === `${what} (${unit})`),
      what,
    );
  for (const name of quickRows) {
    const row = rows.find((cells) => cells[1]?.startsWith(`${measures[name].what} (`));
    assert.match(row?.[2] ?? '', /^[\d.]+ \(/, name);
    assert.equal(row?.[4], 'not installed');
  }
});
