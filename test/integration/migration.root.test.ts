/** The migration port with real rsync: what arrives, what a hostile peer can do, what is left after a failure. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { MigrationRefused } from '../../src/core/ports/migration.ts';
import { attribute, makeSample, setAttribute, stateOf } from '../contract/file-state.ts';
import { migrationSuite } from '../contract/migration.suite.ts';
import { both, connect, frames, setUp, sourceOf, targetOf } from '../contract/migration-bench.ts';

const skip = process.getuid?.() !== 0 || process.env.LAB_INSIDE !== '1' ? 'needs root in tools/lab' : false;

migrationSuite('real rsync', {}, skip);

test('a root file system arrives with all that it has', { skip }, async () => {
  await using bench = await setUp();
  makeSample(bench.at('source'), { privileged: true });
  execFileSync('setfacl', ['-m', 'u:1234:r,g:99:rwx', bench.at('source/home/user/one')]);
  execFileSync('setfacl', ['-d', '-m', 'u:1234:rx', bench.at('source/home')]);
  setAttribute(bench.at('source/home'), 'user.größe', Buffer.from([0, 255, 1]));
  await both(bench, sourceOf(bench), targetOf(bench));
  assert.deepEqual(stateOf(bench.at('target')), stateOf(bench.at('source')));
  const lists = (tree: string) =>
    execFileSync('getfacl', ['-Rn', '.'], { cwd: bench.at(tree), encoding: 'utf8' })
      .split('\n')
      .sort();
  assert.deepEqual(lists('target'), lists('source'));
  assert.ok(lists('target').includes('user:1234:r--'));
  assert.equal(attribute(bench.at('target/home'), 'user.größe'), '00ff01');
});

test('device nodes do not arrive', { skip }, async () => {
  await using bench = await setUp();
  mkdirSync(bench.at('source/dev'));
  execFileSync('mknod', [bench.at('source/dev/null'), 'c', '1', '3']);
  execFileSync('mknod', [bench.at('source/dev/disk'), 'b', '7', '0']);
  execFileSync('mkfifo', [bench.at('source/dev/fifo')]);
  await both(bench, sourceOf(bench), targetOf(bench));
  assert.deepEqual(readdirSync(bench.at('target/dev')), ['fifo']);
});

test('an owner that no guest has is refused on both sides', { skip }, async () => {
  await using bench = await setUp();
  writeFileSync(bench.at('source/f'), 'x');
  chownSync(bench.at('source/f'), 70_000, 0);
  const [ours, theirs] = connect();
  const { signal } = new AbortController();
  const sent = bench.migration.send(ours, sourceOf(bench), { signal });
  const received = bench.migration.receive(theirs, targetOf(bench), { signal });
  sent.catch(() => {});
  await assert.rejects(received, /belongs to 70000:0, outside of the ids 0 to 65535/);
  await assert.rejects(sent, /the other server says: .*belongs to 70000:0/);
  assert.deepEqual(frames(bench), []);
});

test('a volume travels without a frame', { skip }, async () => {
  await using bench = await setUp();
  makeSample(bench.at('source'), { privileged: true });
  const source = sourceOf(bench);
  source.offer.kind = 'volume';
  await both(bench, source, targetOf(bench, { kind: 'volume' }));
  assert.deepEqual(stateOf(bench.at('target')), stateOf(bench.at('source')));
});

test('a peer that closes in the middle ends the work, and nothing is left running', { skip }, async () => {
  await using bench = await setUp();
  execFileSync('dd', ['if=/dev/urandom', `of=${bench.at('source/big')}`, 'bs=1M', 'count=64', 'status=none']);
  const [ours, theirs] = connect();
  const { signal } = new AbortController();
  let bytes = 0;
  const sent = bench.migration.send(ours, sourceOf(bench), { signal });
  const received = bench.migration.receive(theirs, targetOf(bench), {
    signal,
    onProgress(count) {
      bytes = count;
      if (count > 8_000_000) ours.fs.close();
    },
  });
  received.catch(() => {});
  await assert.rejects(sent, MigrationRefused);
  await assert.rejects(received, MigrationRefused);
  assert.ok(bytes < 60_000_000);
  assert.deepEqual(frames(bench), []);
});

test('an aborted signal ends both sides', { skip }, async () => {
  await using bench = await setUp();
  execFileSync('dd', ['if=/dev/urandom', `of=${bench.at('source/big')}`, 'bs=1M', 'count=64', 'status=none']);
  const [ours, theirs] = connect();
  const controller = new AbortController();
  const sent = bench.migration.send(ours, sourceOf(bench), { signal: new AbortController().signal });
  const onProgress = (count: number) => count > 8_000_000 && controller.abort(new Error('enough'));
  const received = bench.migration.receive(theirs, targetOf(bench), { signal: controller.signal, onProgress });
  sent.catch(() => {});
  await assert.rejects(received, /enough/);
  await assert.rejects(sent, /enough|closed/);
  assert.deepEqual(frames(bench), []);
});

test('bytes that are no rsync stream are refused, and the tree stays alone', { skip }, async () => {
  await using bench = await setUp();
  writeFileSync(bench.at('outside'), 'host');
  const [ours, theirs] = connect();
  const { signal } = new AbortController();
  const received = bench.migration.receive(theirs, targetOf(bench), { signal });
  received.catch(() => {});
  ours.control.sendBinary(Buffer.from('08003800420808011001180120016801', 'hex'));
  ours.fs.sendBinary(Buffer.from('{"config":{}}'));
  ours.fs.sendText('');
  ours.fs.sendBinary(Buffer.from('20000000', 'hex'));
  ours.fs.sendBinary(Buffer.alloc(100_000, 'x'));
  ours.fs.sendText('');
  await assert.rejects(received, /the files: /);
  assert.equal(readFileSync(bench.at('outside'), 'utf8'), 'host');
});

test('shifted owners are taken back, with set-user-id and capabilities', { skip }, async () => {
  await using bench = await setUp();
  makeSample(bench.at('source'), { privileged: true });
  const plain = stateOf(bench.at('source'));
  await using shifted = await setUp();
  makeSample(shifted.at('source'), { privileged: true, owner: (id) => id + 1_000_000 });
  const maps = ['Isuid', 'Isgid'].map((which) => ({
    Isuid: which === 'Isuid',
    Isgid: which === 'Isgid',
    Hostid: 1_000_000,
    Nsid: 0,
    Maprange: 65_536,
  }));
  const source = sourceOf(shifted);
  source.offer.kind = 'volume';
  source.offer.index = { Volume: { config: { 'volatile.idmap.last': JSON.stringify(maps) } } };
  await both(shifted, source, targetOf(shifted, { kind: 'volume' }));
  const { '.': _top, ...files } = stateOf(shifted.at('target'));
  const { '.': _plainTop, ...expected } = plain;
  assert.deepEqual(files, expected);
});
