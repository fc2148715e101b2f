/** The state file under SIGKILL and on a full disk. Mounts a tmpfs: run in tools/lab. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/host/run.ts';
import { HostError } from '../../src/lib/host-error.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';

const inLab = process.env.LAB_INSIDE === '1';
const skip = inLab
  ? false
  : 'needs a mount namespace of its own: tools/lab node --test test/integration/store.root.test.ts';
const writer = join(import.meta.dirname, 'store-writer.ts');

function directory(): Disposable & { path: string } {
  const path = fs.mkdtempSync(join(tmpdir(), 'gasthof-store-'));
  return { path, [Symbol.dispose]: () => fs.rmSync(path, { recursive: true }) };
}

/** Kills the writer once it has acknowledged `count` commits; returns the last acknowledged revision. */
async function writeAndKill(path: string, name: string, count: number): Promise<number> {
  const child = spawn(process.execPath, [writer, path, name], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > count) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL', errors);
  return Number(output.trimEnd().split('\n').at(-1));
}

test('store: every acknowledged commit is there after SIGKILL, whole, and the next daemon opens at once', {
  skip,
}, async () => {
  using place = directory();
  const path = join(place.path, 'state.db');
  for (const [round, count] of [1, 2, 7, 40, 100, 333].entries()) {
    const acknowledged = await writeAndKill(path, String(round), count);
    await using store = await openSqliteStore(path);
    const [ones, twos] = [await store.list(`one/${round}/`), await store.list(`two/${round}/`)];
    const newest = Math.max(...twos.map((doc) => doc.revision));
    assert.ok(newest >= acknowledged, `${newest} of ${acknowledged}`);
    assert.ok(ones.length >= count);
    // All or nothing: both halves of every commit, and no number left out.
    assert.equal(ones.length, twos.length);
    assert.equal((await store.get('last'))?.value, twos.length - 1);
    assert.deepEqual(new Set(twos.map((doc) => doc.value)), new Set(twos.keys()));
    const next = await store.commit([{ put: 'next', value: round }]);
    assert.equal(next.revision, newest + 1);
  }
});

test('store: a full disk refuses the commit, changes nothing, and the next commit works', { skip }, async () => {
  using place = directory();
  await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place.path]);
  try {
    const [path, ballast] = [join(place.path, 'state.db'), join(place.path, 'ballast')];
    const seen: number[] = [];
    {
      await using store = await openSqliteStore(path, { onWarning: () => {} });
      using _watch = store.watch((commit) => void seen.push(commit.revision));
      const before = await store.commit([{ put: 'a', value: 'before' }]);
      fillUp(ballast);
      const big = 'x'.repeat(300_000);
      const refused = store.commit([
        { put: 'a', value: 'after' },
        { put: 'big', value: big },
      ]);
      await assert.rejects(refused, (error) => {
        assert.ok(error instanceof HostError && error.errno === 'ENOSPC', String(error));
        assert.ok(error.message.includes(path) && error.message.includes('nothing is changed'));
        return true;
      });
      assert.deepEqual((await store.get('a'))?.value, 'before');
      assert.equal(await store.get('big'), undefined);
      fs.rmSync(ballast);
      const after = await store.commit([{ put: 'big', value: big }]);
      assert.deepEqual(seen, [before.revision, after.revision]);
      fillUp(ballast);
      await assert.rejects(store.commit([{ put: 'bigger', value: big.repeat(2) }]), HostError);
    }
    // Opening on the still full disk: the daemon must come up to tell the user.
    await using store = await openSqliteStore(path, { onWarning: () => {} });
    assert.deepEqual(
      (await store.list('')).map((doc) => doc.key),
      ['a', 'big'],
    );
  } finally {
    await run('umount', [place.path]);
  }
});

function fillUp(path: string): void {
  const descriptor = fs.openSync(path, 'w');
  try {
    for (;;) fs.writeSync(descriptor, Buffer.alloc(4096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    fs.closeSync(descriptor);
  }
}
