/** Mounts and device nodes that come into and go out of a running guest, which does what it can to bend their way (F20). */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Engine, GuestMount, GuestNode } from '../../src/core/ports/engine.ts';
import { createCrunEngine } from '../../src/engines/crun/engine.ts';
import { command, outcome, running } from '../contract/engine.suite.ts';
import { engineOptions, lacking, openCrunLab } from './engine-lab.ts';

const skip = lacking();
const noFuse = skip || (existsSync('/dev/fuse') ? false : 'needs /dev/fuse');
const id = '0000000000a1';

async function says(engine: Engine, script: string): Promise<string> {
  return (await outcome(await engine.exec(id, command('sh', '-c', `{ ${script}; } 2>&1`))))[0].trim();
}

async function guest() {
  const lab = await openCrunLab();
  const host = join(lab.directory, 'host');
  mkdirSync(host);
  writeFileSync(join(host, 'file'), 'content\n');
  await running(lab.engine, lab.spec(id));
  const mount = (path: string, rest: Partial<GuestMount> = {}) => ({
    id: path,
    mount: { source: host, path, readOnly: false, shifted: true, optional: false, ...rest },
  });
  return { lab, engine: lab.engine, host, mount };
}

const node = (path: string, rest: Partial<GuestNode> = {}) => ({
  id: path,
  node: { kind: 'char' as const, path, source: path, mode: 0o660, uid: 0, gid: 5, optional: false, ...rest },
});

test('a directory and a file come into a running guest and go, in use or not', { skip }, async () => {
  const { lab, engine, host, mount } = await guest();
  await using _lab = lab;
  await engine.addPart(id, mount('/mnt/new/deep'));
  await engine.addPart(id, mount('/run/below-tmpfs', { source: join(host, 'file'), readOnly: true }));
  assert.equal(await says(engine, 'cat /mnt/new/deep/file /run/below-tmpfs'), 'content\ncontent');
  assert.match(await says(engine, 'echo x >/run/below-tmpfs'), /Read-only/);
  assert.equal(await says(engine, 'touch /mnt/new/deep/made; stat -c %u /mnt/new/deep/made'), '0');
  assert.equal(statSync(join(host, 'made')).uid, 0);
  const user = await engine.exec(id, command('sh', '-c', 'cd /mnt/new/deep && exec sleep 1000'));
  await engine.removePart(id, '/mnt/new/deep');
  await engine.removePart(id, '/run/below-tmpfs');
  user.kill();
  assert.equal(await says(engine, 'ls -A /mnt/new/deep; grep -c -e deep -e below /proc/mounts'), '0');
  assert.deepEqual(await engine.parts(id), []);
  await engine.removePart(id, '/mnt/new/deep');
  assert.deepEqual(leftStages(lab.directory), []);
});

test('the guest cannot take read-only off, nor let device nodes of a volume open', { skip }, async () => {
  const { lab, engine, mount } = await guest();
  await using _lab = lab;
  await engine.addPart(id, mount('/mnt/ro', { readOnly: true }));
  assert.match(await says(engine, 'mount -o remount,rw,bind /mnt/ro'), /denied|not permitted/i);
  assert.match(await says(engine, 'mount -o remount,ro,dev,bind /mnt/ro'), /denied|not permitted/i);
  assert.match(await says(engine, 'echo x >/mnt/ro/new'), /Read-only/);
});

test('links of the guest lead nowhere outside, and what it puts in the way is refused', { skip }, async () => {
  const { lab, engine, mount } = await guest();
  await using _lab = lab;
  const outside = join(lab.directory, 'outside');
  mkdirSync(outside);
  await says(
    engine,
    `ln -s ../../../../../../../..${outside} /mnt/out; ln -s /nowhere /mnt/dangling; echo >/mnt/plain`,
  );
  await says(engine, 'ln -s loop /mnt/loop; ln -s /proc/1/root/mnt /mnt/magic; ln -s /mnt /mnt/self');
  await assert.rejects(engine.addPart(id, mount('/mnt/out/x')), /leads nowhere/);
  await says(engine, `mkdir -p ${outside}`);
  await engine.addPart(id, mount('/mnt/out/x'));
  assert.deepEqual(readdirSync(outside), []);
  assert.equal(await says(engine, `cat ${outside}/x/file`), 'content');
  await engine.addPart(id, mount('/mnt/self/self/within'));
  assert.equal(await says(engine, 'cat /mnt/within/file'), 'content');
  for (const [path, reason] of [
    ['/mnt/dangling/x', /leads nowhere/],
    ['/mnt/loop/x', /too many links/],
    ['/mnt/plain/x', /not a directory/],
    ['/mnt/plain', /mount at/],
    ['/proc/1/nothing/x', /proc/],
  ] as const)
    await assert.rejects(engine.addPart(id, mount(path)), reason, path);
  await assert.rejects(
    engine.addPart(id, mount('/mnt/none', { source: join(lab.directory, 'none') })),
    /does not exist/,
  );
  assert.deepEqual((await engine.parts(id)).map((part) => part.id).sort(), ['/mnt/out/x', '/mnt/self/self/within']);
  assert.deepEqual(leftStages(lab.directory), []);
});

test('a mount that the guest moved or covered is still taken away', { skip }, async () => {
  const { lab, engine, mount } = await guest();
  await using _lab = lab;
  await engine.addPart(id, mount('/mnt/a'));
  await engine.addPart(id, mount('/mnt/b'));
  await says(
    engine,
    'mkdir /mnt/moved; mount -o move /mnt/a /mnt/moved; mount -t tmpfs over /mnt/b; mount -t tmpfs twice /mnt/b',
  );
  assert.equal(await says(engine, 'cat /mnt/moved/file'), 'content');
  await engine.removePart(id, '/mnt/a');
  await engine.removePart(id, '/mnt/b');
  assert.equal(await says(engine, 'ls -A /mnt/moved /mnt/b | grep file; grep -c /mnt/ /proc/mounts'), '0');
  // One that the guest has taken away itself is no error.
  await engine.addPart(id, mount('/mnt/c'));
  await says(engine, 'umount /mnt/c');
  await engine.removePart(id, '/mnt/c');
});

test('a device node opens, only as long as it is there, and only it', { skip: noFuse }, async () => {
  const { lab, engine } = await guest();
  await using _lab = lab;
  const opens = async (path: string) => (await says(engine, `: <>${path} && echo open`)).replace(/.*: /, '');
  assert.match(await says(engine, 'ls /dev/fuse'), /No such/);
  await engine.addPart(id, node('/dev/fuse', { mode: 0o640, gid: 4 }));
  assert.equal(await says(engine, 'stat -c "%F %a %u %g %t:%T" /dev/fuse'), 'character special file 640 0 4 a:e5');
  assert.equal(await opens('/dev/fuse'), 'open');
  await says(engine, 'echo >/mnt/copy; mount -o bind /dev/fuse /mnt/copy');
  await engine.addPart(id, node('/dev/sub/again', { source: '/dev/fuse' }));
  await engine.removePart(id, '/dev/fuse');
  assert.match(await says(engine, 'ls /dev/fuse'), /No such/);
  assert.deepEqual([await opens('/dev/sub/again'), await opens('/mnt/copy')], ['open', 'open']);
  // A copy that the guest has kept opens no more either: its number is no longer allowed.
  await engine.removePart(id, '/dev/sub/again');
  assert.equal(await opens('/mnt/copy'), 'Operation not permitted');
  // What every guest has stays when a device of the same number goes.
  await engine.addPart(id, node('/dev/other', { number: { major: 1, minor: 3 } }));
  await engine.removePart(id, '/dev/other');
  assert.equal(await opens('/dev/null'), 'open');
  await assert.rejects(engine.addPart(id, node('/dev/nothing')), /not there on this host/);
  await engine.addPart(id, node('/dev/nothing', { optional: true }));
  await assert.rejects(engine.addPart(id, node('/dev/fuse', { kind: 'block' })), /char device, not a block device/);
  await assert.rejects(engine.addPart(id, node('/dev/odd', { source: '/etc/passwd' })), /not a device node/);
  assert.deepEqual(leftStages(lab.directory), []);
});

test('parts of the spec are there before init, below /dev and /run too; a next engine knows them', {
  skip,
}, async () => {
  await using lab = await openCrunLab();
  const memory = { source: 'tmpfs:', path: '/run/scratch', readOnly: false, shifted: false, optional: false };
  const parts = [
    node('/dev/zero2', { source: '/dev/zero' }),
    { id: 'scratch', mount: { ...memory, memory: { sizeBytes: 65_536 } } },
  ];
  await running(lab.engine, lab.spec(id, { parts }));
  assert.equal(
    await says(lab.engine, 'stat -c "%F %a" /dev/zero2 /run/scratch'),
    'character special file 660\ndirectory 755',
  );
  assert.match(await says(lab.engine, 'dd if=/dev/zero of=/run/scratch/x bs=1024 count=100'), /No space/);
  await using next = await createCrunEngine(engineOptions(lab.directory));
  assert.deepEqual(
    (await next.parts(id)).map((part) => part.id),
    ['/dev/zero2', 'scratch'],
  );
  await next.removePart(id, 'scratch');
  assert.match(await says(lab.engine, 'ls -A /run/scratch; echo end'), /^end$/);
});

function leftStages(directory: string): string[] {
  const stages = `/run/gasthof-${directory.slice(-6)}`;
  return existsSync(stages) ? readdirSync(stages) : [];
}
