/** Images whose root file system is a squashfs, and those of virtual machines, on real files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ImageRefused } from '../../src/core/ports/images.ts';
import { inspectStranger } from '../../src/disks/boot-ways.ts';
import { importDisk } from '../../src/disks/import-disk.ts';
import { createImageFiles } from '../../src/images/image-files.ts';
import { handTar, plainMetadata } from '../contract/hand-tar.ts';
import { streamOf } from '../contract/images.suite.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root to give files their owners';

async function open(limits: { storedBytes?: number } = {}) {
  const top = await mkdtemp(join(tmpdir(), 'gasthof-squashfs-'));
  const scratch = join(top, 'scratch');
  const images = createImageFiles({
    directory: join(top, 'images'),
    cacheDirectory: join(top, 'cache'),
    scratchDirectory: scratch,
    idBase: 1_800_000_000,
    importDisk: (files, signal) => importDisk({ ...files, maxSizeBytes: 2 ** 40 }, signal),
    disks: { inspect: (path) => inspectStranger(path, { maxSizeBytes: 2 ** 40, scratch: top }) },
    limits,
    architecture: 'x86_64',
  });
  const left = () => [join(top, 'images'), scratch].flatMap((path) => (existsSync(path) ? readdirSync(path) : []));
  return { images, top, left, [Symbol.asyncDispose]: () => rm(top, { recursive: true, force: true }) };
}

const treeScript = `
  mkdir -p usr/bin dev etc
  echo program > usr/bin/setuid && chown 1000:1001 usr/bin/setuid && chmod 4755 usr/bin/setuid
  ln usr/bin/setuid usr/bin/hard && ln -s /etc/passwd etc/absolute
  echo secret > etc/shadow && chmod 0 etc/shadow
  mkdir etc/closed && echo x > etc/closed/file && chmod 0 etc/closed
  mknod dev/null c 1 3 && mknod etc/device b 8 0 && mkfifo etc/fifo
  cp usr/bin/setuid usr/bin/capable && setcap cap_net_raw+ep usr/bin/capable || true
  setfattr -n user.note -v mine usr/bin/hard
`;

function squashed(top: string, script = treeScript): Buffer {
  const tree = join(top, 'tree');
  mkdirSync(tree);
  execFileSync('sh', ['-ec', script], { cwd: tree });
  execFileSync('mksquashfs', [tree, join(top, 'image.squashfs'), '-noappend', '-quiet', '-no-progress']);
  return readFileSync(join(top, 'image.squashfs'));
}

const metadata = () => streamOf(handTar([{ name: 'metadata.yaml', data: plainMetadata }]));
const attributes = (path: string) =>
  execFileSync('python3', ['-c', 'import os,sys; print(sorted(os.listxattr(sys.argv[1])))', path], {
    encoding: 'utf8',
  });

test('a squashfs root file system is unpacked with owners, modes, links and attributes, without devices', {
  skip,
}, async () => {
  await using opened = await open();
  const { images, top, left } = opened;
  const { fingerprint } = await images.receive({ metadata: metadata(), rootfs: streamOf(squashed(top)) }, {});
  const root = join(top, 'out');
  mkdirSync(root);
  await images.unpack(fingerprint, root, {});
  assert.partialDeepStrictEqual(lstatSync(join(root, 'usr/bin/setuid')), { uid: 1000, gid: 1001, mode: 0o104755 });
  assert.equal(lstatSync(join(root, 'usr/bin/hard')).ino, lstatSync(join(root, 'usr/bin/setuid')).ino);
  assert.match(attributes(join(root, 'usr/bin/hard')), /user\.note/);
  assert.equal(readlinkSync(join(root, 'etc/absolute')), '/etc/passwd');
  assert.partialDeepStrictEqual(lstatSync(join(root, 'etc/shadow')), { uid: 0, mode: 0o100000 });
  assert.equal(readFileSync(join(root, 'etc/closed/file'), 'utf8'), 'x\n');
  assert.ok(lstatSync(join(root, 'etc/fifo')).isFIFO());
  assert.ok(!existsSync(join(root, 'etc/device')) && !existsSync(join(root, 'dev/null')));
  assert.deepEqual(left(), [fingerprint]);
  assert.deepEqual(
    (await images.files(fingerprint)).map(({ name }) => name.replace(fingerprint, 'F')),
    ['meta-F.tar', 'F.squashfs'],
  );
});

test('a squashfs that is damaged, too large or has owners outside of a guest is refused, and leaves nothing', {
  skip,
}, async () => {
  const refusals: [
    script: string,
    change: (bytes: Buffer) => Buffer,
    reason: ImageRefused['reason'],
    storedBytes?: number,
  ][] = [
    [treeScript, (bytes) => bytes.subarray(0, 300), 'broken'],
    [treeScript, (bytes) => bytes.fill(0x41, 100, 400), 'broken'],
    ['truncate -s 400M zeros', (bytes) => bytes, 'too-big', 100_000_000],
    ['touch x && chown 70000 x', (bytes) => bytes, 'hostile'],
  ];
  for (const [script, change, reason, storedBytes] of refusals) {
    await using opened = await open(storedBytes === undefined ? {} : { storedBytes });
    const { images, top, left } = opened;
    const bytes = change(squashed(top, script));
    await assert.rejects(images.receive({ metadata: metadata(), rootfs: streamOf(bytes) }, {}), (error: unknown) => {
      assert.ok(error instanceof ImageRefused, String(error));
      assert.equal(error.reason, reason, error.message);
      return true;
    });
    assert.deepEqual(left(), []);
  }
});

test('an image of a virtual machine is kept and given out, and not unpacked', { skip }, async () => {
  await using opened = await open();
  const { images, top } = opened;
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', join(top, 'disk'), '1M']);
  const disk = readFileSync(join(top, 'disk'));
  const got = await images.receive({ metadata: metadata(), rootfs: streamOf(disk) }, {});
  assert.partialDeepStrictEqual(got, { type: 'virtual-machine', split: true });
  writeFileSync(join(top, 'x'), '');
  await assert.rejects(images.unpack(got.fingerprint, top, {}), /virtual machine/);
  await images.writeDisk(got.fingerprint, join(top, 'made'), {});
  assert.equal(readFileSync(join(top, 'made')).toString('latin1', 0, 3), 'QFI');
});
