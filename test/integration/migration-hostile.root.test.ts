/**
 * Senders that lie: a real rsync with other options, from trees that no server would send, and with names in its stream
 * changed on their way to ones that lead out. Whatever comes of it, nothing outside of the lent tree may change.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Duplex, Transform } from 'node:stream';
import { test } from 'node:test';
import type { BesideTree } from '../../src/core/ports/backups.ts';
import { connection, senderArguments } from '../../src/host/rsync.ts';
import type { MigrationParts } from '../../src/migration/migration.ts';
import { type Bench, both, frames, setUp, sourceOf, targetOf } from '../contract/migration-bench.ts';

const skip = process.getuid?.() !== 0 || process.env.LAB_INSIDE !== '1' ? 'needs root in tools/lab' : false;

type Lie = {
  what: string;
  /** Makes what is sent, a frame with `rootfs` in it; `outside` is where nothing may change. */
  make(frame: string, outside: string): void;
  options?: readonly string[];
  /** In place of `./`. */
  sources?: (frame: string) => string[];
  /** Names of the same length that take each other's place in the stream. */
  swap?: (outside: string) => [string, string];
};

const file = (path: string) => writeFileSync(path, 'hostile');
const inRoot = (name: string) => (frame: string) => {
  mkdirSync(join(frame, 'rootfs', name));
  file(join(frame, 'rootfs', name, 'canary'));
};
const filler = (text: string) => 'Q'.repeat(text.length);
const up = '../../../../outside';

const lies: readonly Lie[] = [
  { what: 'names with ..', make: inRoot(filler(up)), swap: () => [filler(up), up] },
  {
    what: 'absolute names',
    make: (frame, outside) => inRoot(filler(outside))(frame),
    swap: (outside) => [filler(outside), outside],
  },
  {
    what: 'a leader of hard links outside',
    make(frame) {
      file(join(frame, 'rootfs', filler(`${up}/canary`)));
      linkSync(join(frame, 'rootfs', filler(`${up}/canary`)), join(frame, 'rootfs/second'));
    },
    swap: () => [filler(`${up}/canary`), `${up}/canary`],
  },
  {
    what: 'a link, and a directory of the same name with a file in it',
    make(frame, outside) {
      symlinkSync(outside, join(frame, 'rootfs/door'));
      inRoot('dooQ')(frame);
    },
    swap: () => ['dooQ', 'door'],
  },
  {
    what: 'a link where the root file system is',
    make(frame, outside) {
      execFileSync('rm', ['-r', join(frame, 'rootfs')]);
      symlinkSync(outside, join(frame, 'rootfs'));
    },
  },
  {
    what: 'links in place of metadata and templates',
    make(frame, outside) {
      symlinkSync(join(outside, 'metadata.yaml'), join(frame, 'metadata.yaml'));
      symlinkSync(outside, join(frame, 'templates'));
    },
  },
  {
    what: 'devices and pipes in place of metadata and templates',
    make(frame) {
      mkdirSync(join(frame, 'templates'));
      execFileSync('mknod', [join(frame, 'metadata.yaml'), 'c', '1', '5']);
      execFileSync('mknod', [join(frame, 'templates/zero'), 'c', '1', '5']);
      execFileSync('mkfifo', [join(frame, 'templates/pipe')]);
    },
  },
  {
    what: 'directories in place of files, files in place of directories',
    make(frame) {
      mkdirSync(join(frame, 'metadata.yaml'));
      file(join(frame, 'templates'));
    },
  },
  {
    what: 'whole paths of the sender (--relative --no-implied-dirs)',
    make: inRoot('deep'),
    options: ['--relative', '--no-implied-dirs'],
    sources: (frame) => [join(frame, 'rootfs/deep'), '/etc/hostname'],
  },
  {
    what: 'what its links point to (--copy-unsafe-links --keep-dirlinks)',
    make: (frame, outside) => symlinkSync(outside, join(frame, 'rootfs/door')),
    options: ['--copy-unsafe-links', '--keep-dirlinks'],
  },
  {
    what: 'options that the other half does not know of',
    make: inRoot('deep'),
    options: ['--checksum', '--no-sparse'],
  },
  { what: 'nothing at all: it ends at once', make() {}, options: ['--no-such-option'] },
];

function lyingSender(lie: Lie, frame: string, outside: string): MigrationParts['startSender'] {
  return (_tree, { features }) => {
    const { options = [], sources = () => ['./'] } = lie;
    const words = [...senderArguments(features), ...options, ...sources(frame), 'localhost:/volume', '-e', connection];
    const child = spawn('rsync', words, { cwd: frame, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const channel = child.stdio[3] as Duplex;
    channel.on('error', () => {});
    const [from, to] = lie.swap?.(outside) ?? ['', ''];
    assert.equal(from.length, to.length);
    const output = new Transform({
      transform(chunk: Buffer, _, done) {
        done(null, from === '' ? chunk : Buffer.from(chunk.toString('latin1').replaceAll(from, to), 'latin1'));
      },
    });
    channel.pipe(output);
    return { input: channel, output, ended: Promise.resolve(), kill: () => child.kill('SIGKILL') };
  };
}

/** All that lies beside the two trees, with its content. */
function picture(bench: Bench): string[] {
  const names = (readdirSync(bench.directory, { recursive: true }) as string[]).filter(
    (name) => !/^(source|target|scratch)\b/.test(name),
  );
  return names
    .sort()
    .map((name) => `${name} ${lstatSync(bench.at(name)).isFile() ? readFileSync(bench.at(name), 'utf8') : ''}`);
}

for (const lie of lies)
  test(`a sender of ${lie.what} reaches nothing outside`, { skip, timeout: 60_000 }, async () => {
    await using place = await setUp();
    const frame = place.at('source');
    mkdirSync(join(frame, 'rootfs'));
    await using bench = await setUp({ startSender: (...given) => lyingSender(lie, frame, outside)(...given) });
    const outside = bench.at('outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'canary'), 'untouched');
    writeFileSync(join(outside, 'metadata.yaml'), 'architecture: x86_64\nproperties: {secret: read}\n');
    lie.make(frame, outside);
    const before = picture(bench);
    const target = targetOf(bench);
    const ended = await both(bench, sourceOf(bench), target).then(
      () => 'arrived',
      (error: unknown) => String(error),
    );
    assert.match(ended, /^(arrived|MigrationRefused: )/);
    assert.deepEqual(picture(bench), before);
    assert.deepEqual(target.beside, { templates: {} } satisfies BesideTree);
    assert.deepEqual(frames(bench), []);
    const devices = ['-type', 'b', '-o', '-type', 'c'];
    assert.equal(execFileSync('find', [bench.at('target'), ...devices], { encoding: 'utf8' }), '');
    if (ended === 'arrived' && lie.swap) assert.ok(!existsSync(bench.at('target', 'canary')));
  });

test('what a state before left as a link is no way out for the next one', { skip }, async () => {
  await using bench = await setUp();
  mkdirSync(bench.at('outside'));
  mkdirSync(bench.at('source/s0'));
  mkdirSync(bench.at('source/now/door'), { recursive: true });
  symlinkSync(bench.at('outside'), bench.at('source/s0/door'));
  file(bench.at('source/now/door/evil'));
  const lend: ReturnType<typeof sourceOf>['lend'] = (name, use) =>
    use({ rootfs: bench.at('source', name ?? 'now'), beside: { templates: {} } });
  await both(bench, sourceOf(bench, { snapshots: ['s0'], lend }), targetOf(bench));
  assert.deepEqual(readdirSync(bench.at('outside')), []);
  assert.deepEqual(readdirSync(bench.at('target/door')), ['evil']);
});
