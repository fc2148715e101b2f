/** The console log of a machine that writes without an end has one, and the machine goes on writing at it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createQemuEngine } from '../../src/engines/qemu/engine.ts';
import { eventually } from './engine-lab.ts';
import { lacking, machineSpec, qemuOptions } from './qemu-lab.ts';

const id = 'aaaaaaaaaac1';
/** Less than the daemon's: an emulated serial line carries some ten kilobytes in a second. */
const largestBytes = 32 * 1024;
const patienceMs = 90_000;

test('a console that is flooded', { skip: lacking(), timeout: 300_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gast-'));
  await using cleared = new AsyncDisposableStack();
  cleared.defer(() => rmSync(directory, { recursive: true, force: true }));
  const engine = cleared.use(
    await createQemuEngine({ ...qemuOptions(directory), consoleLogs: { largestBytes, restMs: 100 } }),
  );
  cleared.defer(() => engine.remove(id));
  await engine.create(machineSpec(id));
  await engine.start(id);
  await eventually('it is up', async () => /^ready after/m.test(String(await engine.consoleLog(id))), patienceMs);
  const log = join(directory, 'l', id, 'console.log');
  const size = () => statSync(log).size;
  const bootBytes = size();
  const flood = 'n=0; while :; do n=$((n + 1)); echo "$n $(printf %0200d 0)"; done > /dev/ttyS0';
  const session = await engine.exec(id, {
    command: ['/bin/sh', '-c', flood],
    environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    ...{ cwd: '/', user: 0, group: 0 },
  });
  session.exitCode.catch(() => {});
  let largest = 0;
  await eventually(
    'the log has lost its beginning',
    async () => {
      largest = Math.max(largest, size());
      return size() < largest;
    },
    patienceMs,
  );
  const numbers = async () =>
    [...String(await engine.consoleLog(id)).matchAll(/^(\d+) 0{200}\r?$/gm)].map(([, number]) => Number(number));
  const kept = await numbers();
  assert.ok((kept[0] ?? 0) > 1, 'the first lines are gone');
  assert.ok(largest < 16 * largestBytes, `${largest} bytes at most`);
  // A line has 207 bytes at most; between two looks at its size the log may have been full and cut.
  const writtenBytes = bootBytes + (kept.at(-1) ?? 0) * 207;
  assert.ok(writtenBytes > largestBytes, `cut after ${writtenBytes} bytes`);
  await eventually(
    'the machine writes on',
    async () => ((await numbers()).at(-1) ?? 0) > (kept.at(-1) ?? 0),
    patienceMs,
  );
});
