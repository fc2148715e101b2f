/** What mounts of guests show: trees that other guests write to, trees with mounts below them, memory, and flags that stay. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Engine, GuestMount } from '../../src/core/ports/engine.ts';
import { bindMount, unmount } from '../../src/host/mount.ts';
import { run } from '../../src/host/run.ts';
import { command, outcome, running } from '../contract/engine.suite.ts';
import { lacking, openCrunLab } from './engine-lab.ts';

const skip = lacking();
const id = '0000000000b2';

const says = async (engine: Engine, script: string) =>
  (await outcome(await engine.exec(id, command('sh', '-c', `{ ${script}; } 2>&1`))))[0].trim();

async function guest() {
  const lab = await openCrunLab();
  const host = join(lab.directory, 'host');
  mkdirSync(join(host, 'sub/deep'), { recursive: true });
  writeFileSync(join(host, 'sub/file'), 'content\n');
  await running(lab.engine, lab.spec(id));
  const add = (path: string, rest: Partial<GuestMount>) => {
    const mount = { source: host, path, readOnly: false, shifted: true, optional: false, ...rest };
    return lab.engine.addPart(id, { id: path, mount });
  };
  return { lab, engine: lab.engine, host, add };
}

test('a path in a tree that guests write to never leads out of it', { skip }, async () => {
  const { lab, engine, host, add } = await guest();
  await using _lab = lab;
  writeFileSync(join(lab.directory, 'secret'), 'secret\n');
  symlinkSync(join(lab.directory, 'secret'), join(host, 'absolute'));
  symlinkSync('../../../../../../../../etc', join(host, 'relative'));
  symlinkSync('/proc/self/root/etc', join(host, 'magic'));
  symlinkSync('/sub', join(host, 'own'));
  await add('/mnt/own', { inside: host, source: 'own/file' });
  await add('/mnt/whole', { inside: host, source: '.' });
  assert.equal(await says(engine, 'cat /mnt/own /mnt/whole/sub/file'), 'content\ncontent');
  for (const source of ['absolute', 'relative', 'magic', 'nothing', 'sub/../../host/absolute', '../secret'])
    await assert.rejects(add('/mnt/bad', { inside: host, source }), { name: 'HostError' }, source);
  await add('/mnt/optional', { inside: host, source: 'nothing', optional: true });
  assert.equal(await says(engine, 'ls /mnt'), 'own\nwhole');
});

test('what is mounted below the source is shown when asked for, and only then', { skip }, async () => {
  const { lab, engine, host, add } = await guest();
  await using _lab = lab;
  const other = join(lab.directory, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'below'), 'below\n');
  bindMount(other, join(host, 'sub/deep'));
  try {
    await add('/mnt/plain', {});
    await add('/mnt/whole', { recursive: true, readOnly: true });
    assert.equal(await says(engine, 'ls /mnt/plain/sub/deep'), '');
    assert.equal(await says(engine, 'cat /mnt/whole/sub/deep/below; stat -c %u /mnt/whole/sub/deep/below'), 'below\n0');
    assert.match(await says(engine, 'echo x >/mnt/whole/sub/deep/new'), /Read-only/);
    assert.match(await says(engine, 'umount /mnt/whole/sub/deep'), /Invalid|denied|not permitted/i);
    await engine.removePart(id, '/mnt/whole');
    assert.equal(await says(engine, 'grep -c whole /proc/mounts'), '0');
  } finally {
    unmount(join(host, 'sub/deep'));
  }
});

test('programs of a source with noexec do not run; memory has its size, mode and owner', { skip }, async () => {
  const { lab, engine, host, add } = await guest();
  await using _lab = lab;
  writeFileSync(join(host, 'program'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
  await add('/mnt/exec', {});
  await add('/mnt/noexec', { flags: ['noexec', 'nosuid'] });
  assert.equal(await says(engine, '/mnt/exec/program'), 'ran');
  assert.match(await says(engine, '/mnt/noexec/program'), /denied/);
  assert.match(await says(engine, 'mount -o remount,exec,bind /mnt/noexec'), /denied|not permitted/i);
  await add('/mnt/memory', { memory: { sizeBytes: 1_048_576, mode: '1777' } });
  assert.match(await says(engine, 'df /mnt/memory | tail -1; stat -c %a:%u /mnt/memory'), /^tmpfs +1024 .*\n1777:0$/);
  assert.match(await says(engine, 'dd if=/dev/zero of=/mnt/memory/big bs=1M count=2'), /No space/);
});

test('a source that is no file system with owners of its own is named when it cannot be shifted', {
  skip,
}, async () => {
  const { lab, add } = await guest();
  await using _lab = lab;
  const ram = join(lab.directory, 'ram');
  mkdirSync(ram);
  await run('mount', ['-t', 'ramfs', 'ramfs', ram]);
  try {
    await assert.rejects(add('/mnt/ram', { source: ram }), /ram/);
    await add('/mnt/plain', { source: ram, shifted: false });
  } finally {
    unmount(ram);
    rmSync(ram, { recursive: true, force: true });
  }
});
