/** The migration port with real rsync: what arrives, what a hostile peer can do, what is left after a failure. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Migration,
  MigrationRefused,
  type MigrationSource,
  type MigrationTarget,
  type Sockets,
  type TravellingSnapshot,
} from '../../src/core/ports/migration.ts';
import { createMigration } from '../../src/migration/migration.ts';
import { channelPair } from '../contract/channel-pair.ts';
import { makeSample, stateOf } from '../contract/file-state.ts';

const skip = process.getuid?.() !== 0 || process.env.LAB_INSIDE !== '1' ? 'needs root in tools/lab' : false;

type Bench = AsyncDisposable & { migration: Migration; directory: string; at(...names: string[]): string };

async function setUp(): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'gasthof-migration-'));
  const at = (...names: string[]) => join(directory, ...names);
  for (const name of ['source', 'target']) mkdirSync(at(name));
  return {
    migration: createMigration(at('scratch')),
    directory,
    at,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function connect(): [Sockets, Sockets] {
  const [control, otherControl] = channelPair();
  const [fs, otherFs] = channelPair();
  return [
    { control, fs },
    { control: otherControl, fs: otherFs },
  ];
}

const snapshot = (name: string): TravellingSnapshot => ({
  name,
  config: {},
  devices: {},
  profiles: [],
  ephemeral: false,
  stateful: false,
  architecture: 'x86_64',
  createdAt: new Date(1_700_000_000_000),
  lastUsedAt: undefined,
  expiresAt: undefined,
});

function sourceOf(bench: Bench, more: Partial<MigrationSource> & { snapshots?: string[] } = {}): MigrationSource {
  const { snapshots = [], ...rest } = more;
  return {
    offer: {
      kind: 'instance',
      snapshots: snapshots.map(snapshot),
      index: { Container: { name: 'c1' }, VolumeSnapshots: snapshots.map((name) => ({ name })) },
    },
    lend: (name, use) => use({ rootfs: bench.at('source', name ?? ''), beside: new Map() }),
    ...rest,
  };
}

type Received = MigrationTarget & { index: Record<string, unknown>; kept: string[]; beside: Map<string, string> };

function targetOf(bench: Bench, more: Partial<MigrationTarget> = {}): Received {
  const received: Received = {
    kind: 'instance',
    refresh: false,
    choose: ({ snapshots }) => snapshots,
    lend: (use) => use({ rootfs: bench.at('target'), beside: received.beside }),
    async keep({ name }) {
      received.kept.push(name);
      execFileSync('cp', ['-a', bench.at('target'), bench.at(`kept-${name}`)]);
    },
    async finish(index) {
      received.index = index;
    },
    index: {},
    kept: [],
    beside: new Map(),
    ...more,
  };
  return received;
}

async function both(bench: Bench, source: MigrationSource, target: MigrationTarget): Promise<void> {
  const [ours, theirs] = connect();
  const { signal } = new AbortController();
  const results = await Promise.allSettled([
    bench.migration.send(ours, source, { signal }),
    bench.migration.receive(theirs, target, { signal }),
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

const frames = (bench: Bench) => readdirSync(bench.at('scratch'));

test('a root file system arrives with all that it has, and its index and metadata with it', { skip }, async () => {
  await using bench = await setUp();
  makeSample(bench.at('source'), { privileged: true });
  const beside = new Map([
    ['metadata.yaml', 'architecture: x86_64\n'],
    ['templates/hosts.tpl', '{{ container.name }}'],
  ]);
  const source = sourceOf(bench, { lend: (_, use) => use({ rootfs: bench.at('source'), beside }) });
  const target = targetOf(bench);
  await both(bench, source, target);
  assert.deepEqual(stateOf(bench.at('target')), stateOf(bench.at('source')));
  assert.deepEqual(target.index, { Container: { name: 'c1' }, VolumeSnapshots: [] });
  assert.deepEqual([...target.beside], [...beside]);
  assert.deepEqual(frames(bench), []);
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

test('snapshots travel first, each is a state of its own', { skip }, async () => {
  await using bench = await setUp();
  for (const [name, text] of [
    ['s0', 'old'],
    ['s1', 'older no more'],
    ['now', 'new'],
  ] as const) {
    mkdirSync(bench.at('source', name));
    writeFileSync(bench.at('source', name, 'f'), text);
    writeFileSync(bench.at('source', name, `only-${name}`), text);
  }
  const source = sourceOf(bench, {
    snapshots: ['s0', 's1'],
    lend: (name, use) => use({ rootfs: bench.at('source', name ?? 'now'), beside: new Map() }),
  });
  const target = targetOf(bench);
  await both(bench, source, target);
  assert.deepEqual(target.kept, ['s0', 's1']);
  assert.deepEqual(readdirSync(bench.at('kept-s0')), ['f', 'only-s0']);
  assert.deepEqual(readdirSync(bench.at('kept-s1')), ['f', 'only-s1']);
  assert.deepEqual(readdirSync(bench.at('target')), ['f', 'only-now']);
  assert.equal(readFileSync(bench.at('target/f'), 'utf8'), 'new');
});

test('a refresh sends what is wanted, and takes away what is gone', { skip }, async () => {
  await using bench = await setUp();
  mkdirSync(bench.at('source/s1'));
  mkdirSync(bench.at('source/now'));
  writeFileSync(bench.at('source/now/f'), 'new');
  writeFileSync(bench.at('target/f'), 'old');
  writeFileSync(bench.at('target/gone'), 'old');
  const source = sourceOf(bench, {
    snapshots: ['s0', 's1'],
    lend: (name, use) => use({ rootfs: bench.at('source', name ?? 'now'), beside: new Map() }),
  });
  const target = targetOf(bench, {
    refresh: true,
    choose: ({ snapshots }) => snapshots.filter(({ name }) => name === 's1'),
  });
  await both(bench, source, target);
  assert.deepEqual(target.kept, ['s1']);
  assert.deepEqual(target.index.VolumeSnapshots, [{ name: 's1' }]);
  assert.deepEqual(readdirSync(bench.at('target')), ['f']);
});

test('a volume travels without a frame', { skip }, async () => {
  await using bench = await setUp();
  makeSample(bench.at('source'), { privileged: true });
  const source = sourceOf(bench);
  source.offer.kind = 'volume';
  await both(bench, source, targetOf(bench, { kind: 'volume' }));
  assert.deepEqual(stateOf(bench.at('target')), stateOf(bench.at('source')));
});

test('what fails before the end is told to the other side', { skip }, async () => {
  await using bench = await setUp();
  const refusing = targetOf(bench, {
    choose: () => {
      throw new Error('there is no room');
    },
  });
  await assert.rejects(both(bench, sourceOf(bench), refusing), /there is no room/);
  const failing = targetOf(bench, { finish: () => Promise.reject(new Error('cannot be stored')) });
  await assert.rejects(both(bench, sourceOf(bench), failing), /cannot be stored/);
  const source = sourceOf(bench, { lend: () => Promise.reject(new Error('cannot be mounted')) });
  await assert.rejects(both(bench, source, targetOf(bench)), /cannot be mounted/);
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

test('frames of a killed daemon are swept', { skip }, async () => {
  await using bench = await setUp();
  mkdirSync(bench.at('scratch/migration-abc/frame'), { recursive: true });
  mkdirSync(bench.at('scratch/other'));
  assert.deepEqual(await bench.migration.sweep(), ['migration-abc']);
  assert.deepEqual(frames(bench), ['other']);
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
