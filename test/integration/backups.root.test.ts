/** The backups port on real files: the contract, and hostile archives. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createBackupFiles } from '../../src/backups/backup-files.ts';
import type { BackupRefused } from '../../src/core/ports/backups.ts';
import { backupsSuite, type OpenedBackups, refusedBackup } from '../contract/backups.suite.ts';
import { type HandEntry, handTar } from '../contract/hand-tar.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root to give files their owners';

async function open(): Promise<OpenedBackups> {
  const scratch = await mkdtemp(join(tmpdir(), 'gasthof-backups-'));
  const directory = join(scratch, 'backups');
  return {
    backups: createBackupFiles({ directory, limits: { members: 1000, fileBytes: 2 ** 34 } }),
    real: true,
    scratch,
    left: () => (existsSync(directory) ? readdirSync(directory).sort() : []),
    [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }),
  };
}

backupsSuite('files', open, skip);

const index: HandEntry = { name: 'backup/index.yaml', data: 'name: web\n' };
const inside = (name: string, rest: Partial<HandEntry> = {}) => ({ name: `backup/container/${name}`, ...rest });

/** Receives and unpacks everything, and says what went wrong. */
async function take({ backups, scratch }: OpenedBackups, archive: Buffer): Promise<string> {
  const target = mkdtempSync(join(scratch, 'out-'));
  await using received = await backups.receive(Readable.from([archive]), {});
  await received.unpack('rootfs', (_state, fill) => fill(target), {});
  return target;
}

const hostile: [what: string, entries: HandEntry[], reason: BackupRefused['reason']][] = [
  ['a name that leads out', [index, { name: 'backup/container/rootfs/../../../../x', data: 'x' }], 'hostile'],
  ['an absolute name that leads out', [index, { name: '/backup/../../x', data: 'x' }], 'hostile'],
  [
    'a hard link out of the tree',
    [index, inside('rootfs/'), inside('rootfs/x', { type: '1', link: 'backup/index.yaml' })],
    'hostile',
  ],
  [
    'a hard link into another state',
    [
      index,
      { name: 'backup/snapshots/s0/rootfs/f', data: 'x' },
      inside('rootfs/x', { type: '1', link: 'backup/snapshots/s0/rootfs/f' }),
    ],
    'hostile',
  ],
  [
    'a file below a symbolic link',
    [
      index,
      inside('rootfs/', {}),
      inside('rootfs/l', { type: '2', link: '/etc' }),
      inside('rootfs/l/x', { data: 'x' }),
    ],
    'hostile',
  ],
  ['an owner beyond those of a guest', [index, inside('rootfs/x', { uid: 100_000, data: 'x' })], 'hostile'],
  [
    'a state that comes twice',
    [index, inside('rootfs/a'), { name: 'backup/snapshots/s0/rootfs/f' }, inside('rootfs/b')],
    'hostile',
  ],
  ['an index that is a link', [{ ...index, data: '', type: '2', link: '/etc/shadow' }], 'hostile'],
  ['too many members', [index, ...Array.from({ length: 1001 }, (_, at) => inside(`rootfs/${at}`))], 'too-big'],
  ['an index that is no YAML', [{ ...index, data: 'a: [b' }], 'broken'],
  ['an index nested too deep', [{ ...index, data: '['.repeat(50_000) }], 'broken'],
  ['no index', [inside('rootfs/x')], 'broken'],
];

for (const [what, entries, reason] of hostile)
  test(`hostile backup: ${what} is refused and leaves nothing`, { skip }, async () => {
    await using opened = await open();
    await assert.rejects(take(opened, handTar(entries)), refusedBackup(reason));
    assert.deepEqual(opened.left(), []);
  });

test('hostile backup: an archive that ends early is refused, packed or not', { skip }, async () => {
  await using opened = await open();
  const whole = handTar([index, inside('rootfs/x', { data: Buffer.alloc(4000, 1) })]);
  await assert.rejects(take(opened, whole.subarray(0, 3000)), refusedBackup('broken'));
  await assert.rejects(take(opened, gzipSync(whole).subarray(0, 60)), refusedBackup('broken'));
  assert.deepEqual(opened.left(), []);
});

test('devices and what lies beside the trees are left out', { skip }, async () => {
  await using opened = await open();
  const entries = [
    index,
    inside('backup.yaml', { data: 'x' }),
    inside('rootfs/'),
    inside('rootfs/null', { type: '3' }),
    inside('rootfs/dev/', {}),
    inside('rootfs/dev/sda', { data: 'x' }),
    inside('rootfs/file', { data: 'x' }),
    inside('templates/x.tpl', { data: 'x' }),
    { name: 'other/file', data: 'x' },
  ];
  const target = await take(opened, handTar(entries));
  assert.deepEqual(readdirSync(target, { recursive: true }).sort(), ['dev', 'file']);
});

test('attributes that would be taken at their word by the host are dropped, access lists of Go programs kept', {
  skip,
}, async () => {
  await using opened = await open();
  const tree = join(opened.scratch, 'tree');
  mkdirSync(tree);
  writeFileSync(join(tree, 'f'), 'x');
  execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(tree, 'f')]);
  execFileSync('setfattr', ['-n', 'user.plain', '-v', 'y', join(tree, 'f')]);
  // The access list of `setfacl -m u:1000:rw`, as the kernel gives it to programs.
  const acl = '0x0200000001000600ffffffff02000600e803000004000400ffffffff10000600ffffffff20000400ffffffff';
  execFileSync('setfattr', ['-n', 'system.posix_acl_access', '-v', acl, join(tree, 'f')]);
  await opened.backups.create(
    'b',
    { index: { a: 1 }, states: [{ name: 'container', tree: { directory: tree, place: 'rootfs' } }] },
    { compression: 'none' },
  );
  const raw = readFileSync(join(opened.scratch, 'backups/b'));
  for (const archive of [raw, onlyPlainLists(raw)]) {
    const target = await take(opened, archive);
    const shown = execFileSync('getfattr', ['-d', '-m', '-', '-e', 'hex', join(target, 'f')], { encoding: 'utf8' });
    assert.match(shown, /user\.plain/);
    assert.match(shown, /system\.posix_acl_access/);
    assert.doesNotMatch(shown, /trusted/);
  }
});

/** The same archive with the records of GNU tar for access lists made unknown: only the kernel's attribute is left. */
const onlyPlainLists = (archive: Buffer) =>
  Buffer.from(archive.toString('latin1').replaceAll('SCHILY.acl.', 'SCHILX.acl.'), 'latin1');
