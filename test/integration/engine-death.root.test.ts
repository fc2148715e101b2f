/** The daemon may be killed at any moment: guests run on, the next engine tells the truth, and remove clears any remains. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCrunEngine } from '../../src/engines/crun/engine.ts';
import { spawnProgram } from '../../src/host/spawn.ts';
import { command, nextEnd, outcome } from '../contract/engine.suite.ts';
import { engineOptions, eventually, lacking, openCrunLab, traces } from './engine-lab.ts';

const id = '0123456789ab';
const skip = lacking();

/** A daemon of its own that makes and starts a guest and says so; `killAfterMs` kills it on its way. */
async function daemon(directory: string, rootfs: string, killAfterMs?: number): Promise<void> {
  const script = join(import.meta.dirname, 'engine-daemon.ts');
  const args = [script, directory, rootfs, id];
  const { pid, pipes, exited } = spawnProgram(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  if (killAfterMs === undefined) {
    for await (const chunk of pipes.get(1) ?? []) if (String(chunk).includes('running')) break;
  } else await new Promise((resolve) => setTimeout(resolve, killAfterMs));
  process.kill(pid, 'SIGKILL');
  await exited;
}

test('a guest outlives its daemon; the next engine observes, enters and ends it', { skip }, async () => {
  await using lab = await openCrunLab();
  await daemon(lab.directory, lab.rootfs);
  await using next = await createCrunEngine(engineOptions(lab.directory));
  const [seen] = await next.observe();
  assert.ok(seen?.state === 'running' && Math.abs(Date.now() - seen.startedAt.getTime()) < 60_000);
  assert.deepEqual(await outcome(await next.exec(id, command('echo', 'alive'))), ['alive\n', 0]);
  const ended = nextEnd(next, id);
  await next.requestReboot(id);
  assert.deepEqual(await ended, { type: 'ended', id, cause: { kind: 'rebooting' } });
  await next.remove(id);
  assert.deepEqual(traces(lab.directory), []);
});

test('an end while no daemon lives is told by the next one, with its cause', { skip }, async () => {
  await using lab = await openCrunLab();
  await daemon(lab.directory, lab.rootfs);
  const { pid } = JSON.parse(readFileSync(join(lab.directory, 's/c', id, 'status'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await eventually('the exit file', () => existsSync(join(lab.directory, 's/x', id)));
  await using next = await createCrunEngine(engineOptions(lab.directory));
  const [seen] = await next.observe();
  assert.ok(seen?.state === 'ended');
  assert.deepEqual(seen.cause, { kind: 'killed', signal: 'SIGKILL' });
});

test('a lost supervisor: the guest runs on, its end is "unknown", remove clears everything', { skip }, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  const { pid } = await engine.create(lab.spec(id));
  await engine.start(id);
  process.kill(Number(readFileSync(join(lab.directory, 's/g', id, 'conmon.pid'), 'utf8')), 'SIGKILL');
  assert.equal((await engine.observe())[0]?.state, 'running');
  process.kill(pid, 'SIGKILL');
  const ended = nextEnd(engine, id);
  await eventually('the end', async () => (await engine.observe())[0]?.state === 'ended');
  assert.deepEqual(await ended, { type: 'ended', id, cause: { kind: 'unknown' } });
  await engine.remove(id);
  assert.deepEqual(traces(lab.directory), []);
});

test('a pid that now belongs to another process is never taken for a guest', { skip }, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  await engine.create(lab.spec(id));
  await engine.start(id);
  await engine.kill(id);
  await eventually('the end', async () => (await engine.observe())[0]?.state === 'ended');
  const status = join(lab.directory, 's/c', id, 'status');
  const noted = JSON.parse(readFileSync(status, 'utf8')) as object;
  writeFileSync(status, JSON.stringify({ ...noted, pid: process.pid }));
  assert.equal((await engine.observe())[0]?.state, 'ended');
  await engine.remove(id);
});

test('remove clears what is left of a making that was cut off anywhere', { skip }, async () => {
  await using lab = await openCrunLab();
  // The daemon takes about 150 ms to load; the steps of a making lie behind.
  for (let afterMs = 100; afterMs <= 420; afterMs += 20) {
    await daemon(lab.directory, lab.rootfs, afterMs);
    await using next = await createCrunEngine(engineOptions(lab.directory));
    for (const guest of await next.observe()) await next.remove(guest.id);
    await next.remove(id);
    assert.deepEqual(traces(lab.directory), [], `killed after ${afterMs} ms`);
  }
});

test('remove clears a bundle that has nothing in it, and one with a broken record', { skip }, async () => {
  await using lab = await openCrunLab();
  mkdirSync(join(lab.directory, 's/g', id));
  assert.deepEqual(
    (await lab.engine.observe()).map(({ state }) => state),
    ['ended'],
  );
  await lab.engine.remove(id);
  await lab.engine.create(lab.spec(id));
  writeFileSync(join(lab.directory, 's/g', id, 'guest.json'), '{"base":');
  rmSync(join(lab.directory, 's/c', id, 'status'));
  await lab.engine.remove(id);
  assert.deepEqual(await lab.engine.observe(), []);
  assert.deepEqual(traces(lab.directory), []);
});
