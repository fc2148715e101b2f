/** The files port against the kernel: the contract, a guest that swaps directories for links, a running guest's mounts. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { FileRefused } from '../../src/core/ports/files.ts';
import { createGuestFiles } from '../../src/files/guest-files.ts';
import { openUserNamespace } from '../../src/host/userns.ts';
import { filesSuite, type OpenedFiles, textOf } from '../contract/files.suite.ts';

const skip = process.getuid?.() !== 0 || process.env.LAB_INSIDE !== '1' ? 'needs root in tools/lab' : false;
const range = { base: 700_000, size: 65_536 };

async function open(): Promise<OpenedFiles> {
  const top = await mkdtemp(join(tmpdir(), 'gasthof-files-'));
  // The guest of a test walks through here with ids of its own.
  chmodSync(top, 0o711);
  const [path, outside] = [join(top, 'root'), join(top, 'outside')];
  mkdirSync(path);
  mkdirSync(outside);
  chownSync(path, range.base, range.base);
  return {
    files: createGuestFiles(),
    root: { path, range },
    outside,
    [Symbol.asyncDispose]: () => rm(top, { recursive: true, force: true }),
  };
}

if (skip) test('files port', { skip }, () => {});
else filesSuite('guest directory', open);

test('a guest that swaps a directory for a link during requests gets nothing outside touched', { skip }, async () => {
  await using opened = await open();
  const { files, root, outside } = opened;
  writeFileSync(join(outside, 'f'), 'host');
  mkdirSync(join(outside, 'sub'));
  writeFileSync(join(outside, 'sub/keep'), 'host');
  mkdirSync(join(root.path, 'd'));
  symlinkSync(outside, join(root.path, 'l'));
  const swapping = `
    const { renameSync, mkdirSync, writeFileSync } = require('node:fs');
    const { workerData: [root, flag] } = require('node:worker_threads');
    const stop = new Int32Array(flag);
    const quiet = (f) => { try { f(); } catch {} };
    while (!Atomics.load(stop, 0)) {
      quiet(() => renameSync(root + '/d', root + '/spare'));
      quiet(() => renameSync(root + '/l', root + '/d'));
      quiet(() => renameSync(root + '/d', root + '/l'));
      quiet(() => { mkdirSync(root + '/spare/sub', { recursive: true }); writeFileSync(root + '/spare/sub/keep', 'guest'); writeFileSync(root + '/spare/f', 'guest'); });
      quiet(() => renameSync(root + '/spare', root + '/d'));
    }`;
  const flag = new SharedArrayBuffer(4);
  const worker = new Worker(swapping, { eval: true, workerData: [root.path, flag] });
  await new Promise((resolve) => worker.once('online', resolve));
  const seen = new Set<string>();
  const until = performance.now() + 1500;
  const quietly = (work: Promise<unknown>) =>
    work.catch((error: unknown) =>
      assert.ok(error instanceof FileRefused || /gone|ENO|ESTALE/.test(String(error)), String(error)),
    );
  while (performance.now() < until) {
    await quietly(textOf(files, root, 'd/f').then((text) => seen.add(text)));
    await quietly(files.pushFile(root, 'd/f', Readable.from(['pushed']), {}));
    await quietly(files.remove(root, 'd/sub', { recursive: true }));
    await quietly(files.pushDirectory(root, 'd/made', { uid: 1 }));
  }
  Atomics.store(new Int32Array(flag), 0, 1);
  await new Promise((resolve) => worker.once('exit', resolve));
  assert.ok(!seen.has('host'), 'a host file was read');
  assert.deepEqual(readdirSync(outside).sort(), ['f', 'sub']);
  assert.equal(readFileSync(join(outside, 'f'), 'utf8'), 'host');
  assert.equal(readFileSync(join(outside, 'sub/keep'), 'utf8'), 'host');
});

test('a running guest: its own tmpfs takes files with its ids, through /proc/PID/root', { skip }, async () => {
  await using opened = await open();
  const { files, root } = opened;
  mkdirSync(join(root.path, 'run'));
  const guest = await startGuest(root.path);
  try {
    const running = { path: `/proc/${guest.pid}/root${root.path}`, range };
    await files.pushFile(running, '/run/f', Readable.from(['hello']), { uid: 1000, gid: 1000, mode: 0o600 });
    assert.equal(await textOf(files, running, '/run/f'), 'hello');
    await files.pushDirectory(running, '/run/d', { uid: 5 });
    await files.pushSymlink(running, '/run/d/l', '/x', {});
    assert.partialDeepStrictEqual(await files.stat(running, '/run/d'), { uid: 5, mode: 0o755 });
    assert.partialDeepStrictEqual(await files.stat(running, '/run/f'), { uid: 1000, gid: 1000, mode: 0o600 });
    assert.deepEqual(readdirSync(join(root.path, 'run')), [], 'the files are in the guest, not below its mount');
    await assert.rejects(files.remove(running, '/run', { recursive: true }), FileRefused);
    await files.remove(running, '/run/d', { recursive: true });
  } finally {
    guest.kill('SIGKILL');
    await new Promise((resolve) => guest.once('exit', resolve));
  }
});

async function startGuest(root: string): Promise<ChildProcess> {
  const namespace = await openUserNamespace([{ inside: 0, outside: range.base, count: range.size }]);
  const script = `mount -t tmpfs guest ${root}/run && echo ready && exec sleep 1000`;
  const guest = spawn('nsenter', [`--user=/proc/${process.pid}/fd/${namespace}`, 'unshare', '-m', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    guest.stdout.once('data', resolve);
    guest.once('exit', () => reject(new Error('the guest did not start')));
  });
  closeSync(namespace);
  return guest;
}

test('kernel files are refused: they would be touched with the power of the host', { skip }, async () => {
  const files = createGuestFiles();
  const root = { path: '/', range: { base: 0, size: 65_536 } };
  const special = (error: unknown) => error instanceof FileRefused && error.reason === 'special';
  await assert.rejects(files.pull(root, '/proc/version'), special);
  await assert.rejects(files.pull(root, '/sys/kernel/uevent_seqnum'), special);
  await assert.rejects(files.pushFile(root, '/proc/sys/kernel/ostype', Readable.from(['x']), {}), special);
  await assert.rejects(
    files.pushFile(root, '/proc/sys/kernel/ostype', Readable.from(['x']), { append: true }),
    special,
  );
  await assert.rejects(files.remove(root, '/sys/fs', { recursive: true }), special);
  await assert.rejects(
    files.pull(root, '/proc/self/root/etc/passwd'),
    (error: unknown) => error instanceof FileRefused,
  );
});
