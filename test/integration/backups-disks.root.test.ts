/** Backups of disks: archives that GNU tar understands, and hostile ones. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { createBackupFiles } from '../../src/backups/backup-files.ts';
import type { BackupRefused } from '../../src/core/ports/backups.ts';
import { diskOf, refusedBackup } from '../contract/backups.suite.ts';
import { type HandEntry, handTar } from '../contract/hand-tar.ts';

const mib = 2 ** 20;

async function open() {
  const scratch = await mkdtemp(join(tmpdir(), 'gasthof-backups-disks-'));
  const directory = join(scratch, 'backups');
  return {
    backups: createBackupFiles({ directory }),
    scratch,
    left: () => (existsSync(directory) ? readdirSync(directory) : []),
    [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }),
  };
}

test('GNU tar unpacks what was packed, with its holes', async () => {
  await using opened = await open();
  const pieces = [
    { offset: mib, bytes: Buffer.alloc(1024, 5) },
    { offset: 50 * mib, bytes: Buffer.alloc(3 * mib, 6) },
  ];
  const states = [
    { name: 'virtual-machine', files: { 'backup.yaml': { a: 1 } }, open: async () => diskOf(64 * mib, pieces) },
  ];
  await opened.backups.createOfDisks('d', { index: { name: 'vm' }, states }, { compression: 'gzip' });
  const out = join(opened.scratch, 'out');
  mkdirSync(out);
  execFileSync('tar', ['-xzf', join(opened.scratch, 'backups/d'), '-C', out]);
  assert.deepEqual(readdirSync(join(out, 'backup')).sort(), ['index.yaml', 'virtual-machine', 'virtual-machine.img']);
  assert.equal(readFileSync(join(out, 'backup/virtual-machine/backup.yaml'), 'utf8'), 'a: 1\n');
  const image = join(out, 'backup/virtual-machine.img');
  const { size, blocks } = statSync(image);
  assert.equal(size, 64 * mib);
  assert.ok(blocks * 512 < 5 * mib, `${blocks} blocks`);
  const expected = join(opened.scratch, 'expected');
  writeFileSync(expected, '');
  execFileSync('truncate', ['-s', '64M', expected]);
  for (const { offset, bytes } of pieces)
    execFileSync('dd', [`of=${expected}`, 'conv=notrunc', 'oflag=seek_bytes', `seek=${offset}`, 'status=none'], {
      input: bytes,
    });
  execFileSync('cmp', [image, expected]);
});

test('an archive of GNU tar or a plain one of Incus is taken, whole zeros too', async () => {
  await using opened = await open();
  const folder = join(opened.scratch, 'backup');
  mkdirSync(folder);
  writeFileSync(join(folder, 'index.yaml'), 'name: vm\n');
  execFileSync(
    'sh',
    ['-c', 'truncate -s 300M d; printf x | dd of=d bs=1 seek=200M conv=notrunc status=none; mv d virtual-machine.img'],
    { cwd: folder },
  );
  for (const how of [['--sparse', '--format=pax'], ['--sparse', '--format=gnu'], []]) {
    const bytes = execFileSync(
      'tar',
      ['-C', opened.scratch, ...how, '--zstd', '-cf', '-', 'backup/index.yaml', 'backup/virtual-machine.img'],
      { maxBuffer: 2 ** 30 },
    );
    await using received = await opened.backups.receive(Readable.from([bytes]), {});
    let found = '';
    await received.unpackDisks(async (name, { sizeBytes, pieces }) => {
      assert.deepEqual([name, sizeBytes], ['virtual-machine', 300 * mib]);
      for await (const piece of pieces) {
        const at = piece.bytes.indexOf('x');
        if (at >= 0) found += `x at ${(piece.offset + at) / mib} MiB`;
      }
    }, {});
    assert.equal(found, 'x at 200 MiB', how.join(' '));
  }
});

const index: HandEntry = { name: 'backup/index.yaml', data: 'name: vm\n' };
const disk = (rest: Partial<HandEntry> = {}): HandEntry => ({ name: 'backup/virtual-machine.img', data: 'x', ...rest });

const hostile: [what: string, entries: HandEntry[], reason: BackupRefused['reason']][] = [
  ['a disk that is a link', [index, disk({ type: '2', data: '', link: '/dev/sda' })], 'hostile'],
  ['a disk that is a hard link', [index, disk({ type: '1', data: '', link: 'backup/index.yaml' })], 'hostile'],
  ['a disk that is a device', [index, disk({ type: '4', data: '' })], 'hostile'],
  ['a disk that comes twice', [index, disk(), disk()], 'hostile'],
  [
    'a disk that comes twice, by another spelling',
    [index, disk(), { ...disk(), name: 'backup//./virtual-machine.img' }],
    'hostile',
  ],
  ['a name that leads out', [index, { name: 'backup/virtual-machine-snapshots/../../x.img', data: 'x' }], 'hostile'],
  ['an owner beyond those of a guest', [index, disk({ uid: 100_000 })], 'hostile'],
];

for (const [what, entries, reason] of hostile)
  test(`hostile backup of a disk: ${what} is refused and leaves nothing`, async () => {
    await using opened = await open();
    const take = async () => {
      await using received = await opened.backups.receive(Readable.from([handTar(entries)]), {});
      await received.unpackDisks(async () => {}, {});
    };
    await assert.rejects(take(), refusedBackup(reason));
    assert.deepEqual(opened.left(), []);
  });

test('hostile backup of a disk: one that ends early is refused', async () => {
  await using opened = await open();
  const whole = handTar([index, disk({ data: Buffer.alloc(4000, 1) })]);
  await using received = await opened.backups.receive(Readable.from([whole.subarray(0, 3000)]), {});
  const take = received.unpackDisks(async (_name, { pieces }) => {
    for await (const _ of pieces);
  }, {});
  await assert.rejects(take, refusedBackup('broken'));
});

test('a map that says more than there is, or leads behind the end, is refused', async () => {
  await using opened = await open();
  const map = Buffer.concat([Buffer.from('1\n0\n1048576\n'), Buffer.alloc(500)]);
  const records = (realsize: string) =>
    `GNU.sparse.major=1,GNU.sparse.minor=0,GNU.sparse.name=backup/virtual-machine.img,GNU.sparse.realsize=${realsize}`;
  for (const realsize of ['1048576', '100'])
    await assert.rejects(async () => {
      const pax = records(realsize)
        .split(',')
        .map((text) => {
          const body = ` ${text}\n`;
          let length = body.length + 1;
          while (String(length).length + body.length !== length) length = String(length).length + body.length;
          return `${length}${body}`;
        })
        .join('');
      const bytes = handTar([index, { name: 'x', type: 'x', data: pax }, disk({ data: map })]);
      await using received = await opened.backups.receive(Readable.from([bytes]), {});
      await received.unpackDisks(async () => {}, {});
    }, refusedBackup('broken'));
});
