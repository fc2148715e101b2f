import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConsoleLogs } from './console-log.ts';

/** As QEMU has it: open for appending, for the life of the machine. */
async function withLog(work: (log: { path: string; write(text: string): void }) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'console-log-'));
  const path = join(directory, 'console.log');
  const file = openSync(path, 'a', 0o600);
  try {
    await work({ path, write: (text) => void writeSync(file, text) });
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
}

const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => `line ${from + index}\n`).join('');
const limits = { largestBytes: 2000, restMs: 5 };
const keptBytes = 1000;

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !holds(); await sleep(5))
    if (Date.now() > deadline) throw new Error('it did not become so within 10 s');
}

test('a log that grows loses its beginning, at a line, and goes on at its end', () =>
  withLog(async ({ path, write }) => {
    using logs = createConsoleLogs(() => path, limits);
    logs.follow('a');
    for (let round = 0; round < 3; round++) {
      write(lines(round * 1000, 300));
      await until(() => statSync(path).size <= keptBytes);
    }
    write('the last\n');
    const kept = readFileSync(path, 'utf8');
    assert.match(kept, /^line 2\d{3}\n/);
    assert.ok(kept.endsWith('line 2299\nthe last\n'), kept.slice(-40));
  }));

test('one that was long before is shortened at once; a short one stays as it is', () =>
  withLog(async ({ path, write }) => {
    write(lines(0, 10));
    using logs = createConsoleLogs(() => path, limits);
    logs.follow('a');
    assert.equal(readFileSync(path, 'utf8'), lines(0, 10));
    logs.forget('a');
    write(lines(10, 300));
    assert.ok(statSync(path).size > limits.largestBytes, 'nobody follows it');
    logs.follow('a');
    assert.ok(statSync(path).size <= keptBytes);
  }));

test('a log that is not there is no error', () => {
  using logs = createConsoleLogs(() => '/nowhere/console.log', limits);
  logs.follow('a');
  logs.forget('a');
});
