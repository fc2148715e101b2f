/** The images port on real files: the contract, hostile archives, and what really comes out of unpacking and publishing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { inspectStranger } from '../../src/disks/boot-ways.ts';
import { importDisk } from '../../src/disks/import-disk.ts';
import { createImageFiles } from '../../src/images/image-files.ts';
import { handImage, handTar, plainMetadata } from '../contract/hand-tar.ts';
import { hostileImagesSuite, imagesSuite, type OpenedImages, streamOf } from '../contract/images.suite.ts';
import { createMemoryImages } from '../contract/memory-images.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root to give files their owners';

type Opened = OpenedImages & { top: string };

async function open(): Promise<Opened> {
  const top = await mkdtemp(join(tmpdir(), 'gasthof-images-'));
  const directory = join(top, 'images');
  return {
    images: createImageFiles({
      directory,
      cacheDirectory: join(top, 'cache'),
      scratchDirectory: join(top, 'scratch'),
      idBase: 1_800_000_000,
      importDisk: (files, signal) => importDisk({ ...files, maxSizeBytes: 2 ** 40 }, signal),
      disks: { inspect: (path) => inspectStranger(path, { maxSizeBytes: 2 ** 40, scratch: top }) },
      limits: { members: 1000 },
      architecture: 'x86_64',
    }),
    left: () => (existsSync(directory) ? readdirSync(directory) : []),
    top,
    [Symbol.asyncDispose]: () => rm(top, { recursive: true, force: true }),
  };
}

imagesSuite('files', open);
imagesSuite('memory', async () => ({ images: createMemoryImages(), left: () => [], async [Symbol.asyncDispose]() {} }));
hostileImagesSuite('files', open);

/** A tree with everything that unpacking must keep, packed by GNU tar in one of its formats. */
function packedTree(top: string, format: string, compress: string[]): Buffer {
  const tree = join(top, `tree-${format}`);
  mkdirSync(join(tree, 'rootfs/usr/bin'), { recursive: true });
  mkdirSync(join(tree, 'rootfs/dev'));
  writeFileSync(join(tree, 'metadata.yaml'), plainMetadata);
  execFileSync('sh', ['-ec', treeScript], { cwd: join(tree, 'rootfs'), stdio: 'inherit' });
  const args = [`--format=${format}`, '--sparse', ...(format === 'pax' ? ['--xattrs', '--xattrs-include=*'] : [])];
  return execFileSync(
    'tar',
    [...compress, ...args, '--numeric-owner', '-C', tree, '-cf', '-', 'metadata.yaml', 'rootfs'],
    {
      maxBuffer: 64_000_000,
    },
  );
}

const treeScript = `
  echo program > usr/bin/setuid && chown 1000:1001 usr/bin/setuid && chmod 4755 usr/bin/setuid
  ln -s /etc/passwd usr/absolute && ln usr/bin/setuid usr/bin/hard && ln -s usr/bin bin
  mknod dev/null c 1 3 && mknod usr/device b 8 0 && mkfifo usr/fifo
  long=$(printf 'n%.0s' $(seq 1 150)) && mkdir -p $long/$long && echo long > $long/$long/file && ln -s $long/$long usr/longlink
  truncate -s 8M usr/sparse && echo middle | dd of=usr/sparse bs=1M seek=4 conv=notrunc status=none
  truncate -s 10M usr/sparse
  i=0; while [ $i -lt 40 ]; do echo x | dd of=usr/pieces bs=64k seek=$i conv=notrunc status=none; i=$((i+2)); done
  printf '\\001\\000\\000\\002\\000\\004\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000' > /dev/null
`;

for (const [format, compress] of [
  ['gnu', ['-z']],
  ['pax', ['-J']],
  ['pax', ['--zstd']],
  ['gnu', ['-j']],
] as const)
  test(`unpack keeps owners, modes, links, long names and holes (${format} ${compress[0]})`, { skip }, async () => {
    await using opened = await open();
    const { images, top } = opened;
    const { fingerprint } = await images.receive({ unified: streamOf(packedTree(top, format, [...compress])) }, {});
    const root = join(top, 'out');
    mkdirSync(root);
    await images.unpack(fingerprint, root, {});
    assert.partialDeepStrictEqual(lstatSync(join(root, 'usr/bin/setuid')), {
      uid: 1000,
      gid: 1001,
      mode: 0o104755,
      nlink: 2,
    });
    assert.equal(lstatSync(join(root, 'usr/bin/hard')).ino, lstatSync(join(root, 'usr/bin/setuid')).ino);
    assert.equal(readlinkSync(join(root, 'usr/absolute')), '/etc/passwd');
    assert.ok(lstatSync(join(root, 'usr/fifo')).isFIFO());
    assert.ok(!existsSync(join(root, 'dev/null')) && !existsSync(join(root, 'usr/device')), 'devices are left out');
    assert.deepEqual(readdirSync(join(root, 'dev')), []);
    assert.ok(!existsSync(join(root, 'metadata.yaml')) && !existsSync(join(root, 'rootfs')));
    const long = 'n'.repeat(150);
    assert.equal(readFileSync(join(root, long, long, 'file'), 'utf8'), 'long\n');
    assert.equal(readlinkSync(join(root, 'usr/longlink')), `${long}/${long}`);
    for (const name of ['usr/sparse', 'usr/pieces']) {
      const original = join(top, `tree-${format}`, 'rootfs', name);
      assert.deepEqual(readFileSync(join(root, name)), readFileSync(original));
      assert.ok(lstatSync(join(root, name)).blocks <= lstatSync(original).blocks + 8, `${name} lost its holes`);
    }
  });

test('unpack gives file capabilities and user attributes, and nothing that the host believes', { skip }, async () => {
  await using opened = await open();
  const { images, top } = opened;
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex').toString('latin1');
  const pax = {
    'SCHILY.xattr.user.note': 'mine',
    'SCHILY.xattr.user.overlay.redirect': '/etc',
    'SCHILY.xattr.trusted.overlay.redirect': '/etc',
    'SCHILY.xattr.security.capability': capability,
  };
  const image = handImage([{ name: 'rootfs/program', mode: 0o755, pax }]);
  const { fingerprint } = await images.receive({ unified: streamOf(image) }, {});
  const root = join(top, 'out');
  mkdirSync(root);
  await images.unpack(fingerprint, root, {});
  const script = 'import os,sys; print(sorted(os.listxattr(sys.argv[1])))';
  const listed = execFileSync('python3', ['-c', script, join(root, 'program')], { encoding: 'utf8' });
  assert.equal(listed.trim(), "['security.capability', 'user.note']");
});

test('a slash in front of a name means the top of the archive, as to tar', { skip }, async () => {
  await using opened = await open();
  const { images, top } = opened;
  const image = handImage([
    { name: '/rootfs/etc/', type: '5' },
    { name: '/rootfs/etc/inittab', data: 'x' },
    { name: '/elsewhere', data: 'x' },
  ]);
  const { fingerprint } = await images.receive({ unified: streamOf(image) }, {});
  const root = join(top, 'out');
  mkdirSync(root);
  await images.unpack(fingerprint, root, {});
  assert.equal(readFileSync(join(root, 'etc/inittab'), 'utf8'), 'x');
  assert.ok(!existsSync(join(root, 'elsewhere')) && !existsSync('/elsewhere'));
});

test('unpack can be aborted, and refuses an image that was changed on disk', { skip }, async () => {
  await using opened = await open();
  const { images, top } = opened;
  const { fingerprint } = await images.receive({ unified: streamOf(handImage()) }, {});
  const root = join(top, 'out');
  mkdirSync(root);
  await assert.rejects(images.unpack(fingerprint, root, { signal: AbortSignal.abort() }), /abort/i);
  writeFileSync(join(top, 'images', fingerprint, 'unified'), handImage([{ name: 'rootfs/../../x', data: 'x' }]));
  await assert.rejects(images.unpack(fingerprint, root, {}), /"rootfs\/\.\.\/\.\.\/x"/);
  writeFileSync(join(top, 'images', fingerprint, 'unified'), handImage().subarray(0, 2000));
  await assert.rejects(images.unpack(fingerprint, root, {}), /damaged/);
});

test('publish gives an image that unpacks to the same tree, the same bytes each time', { skip }, async () => {
  await using opened = await open();
  const { images, top } = opened;
  const root = join(top, 'guest');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(root, 'dev'));
  writeFileSync(join(root, 'etc/hostname'), 'web\n');
  execFileSync(
    'sh',
    ['-c', 'chown 33:33 etc/hostname; ln -s ./etc/hostname link; ln etc/hostname hard; mknod dev/x c 1 3'],
    { cwd: root },
  );
  const template = {
    when: ['start' as const],
    createOnly: true,
    template: 'h.tpl',
    properties: { a: 'b' },
    mode: 0o640,
  };
  const metadata = {
    architecture: 'x86_64',
    creationDate: new Date(1_700_000_000_000),
    properties: { os: 'Test', 'a b': '"quoted": yes' },
    templates: { '/etc/hostname': template },
  };
  const prints: string[] = [];
  for (const compression of ['gzip', 'gzip', 'zstd', 'xz', 'none']) {
    const got = await images.publish(root, metadata, { compression, templates: { 'h.tpl': '{{ instance.name }}\n' } });
    assert.deepEqual(got.metadata, metadata);
    assert.equal(await images.template(got.fingerprint, 'h.tpl'), '{{ instance.name }}\n');
    prints.push(got.fingerprint);
  }
  assert.equal(prints[0], prints[1]);
  const out = join(top, 'out');
  mkdirSync(out);
  await images.unpack(prints[2] ?? '', out, {});
  assert.equal(readlinkSync(join(out, 'link')), './etc/hostname');
  assert.partialDeepStrictEqual(lstatSync(join(out, 'hard')), { uid: 33, nlink: 2 });
  await assert.rejects(images.publish(root, metadata, { compression: 'rar' }), /rar/);
});

test('sweep clears what an interrupted call left, and no image', async () => {
  await using opened = await open();
  const { images, top } = opened;
  await images.receive({ unified: streamOf(gzipSync(handImage())) }, {});
  mkdirSync(join(top, 'images/.work-0'));
  mkdirSync(join(top, 'images/.remove-0'));
  mkdirSync(join(top, 'scratch/build-0/tmp'), { recursive: true });
  assert.equal((await images.sweep()).length, 3);
  assert.equal((await images.list()).length, 1);
  assert.equal(readdirSync(join(top, 'images')).length, 1);
});

test('members in a split image may lie at the top and are unpacked with their owners', { skip }, async () => {
  await using opened = await open();
  const { images, top } = opened;
  const metadata = handTar([
    { name: 'metadata.yaml', data: plainMetadata },
    { name: 'templates/a.tpl', data: 'A' },
  ]);
  const rootfs = handTar([
    { name: './', mode: 0o751 },
    { name: './f', uid: 65_534, data: 'x' },
  ]);
  const { fingerprint } = await images.receive({ metadata: streamOf(metadata), rootfs: streamOf(rootfs) }, {});
  const out = join(top, 'out');
  mkdirSync(out);
  await images.unpack(fingerprint, out, {});
  assert.partialDeepStrictEqual(lstatSync(join(out, 'f')), { uid: 65_534 });
  assert.equal(lstatSync(out).mode & 0o777, 0o751);
  assert.equal(await images.template(fingerprint, 'a.tpl'), 'A');
  assert.equal(await images.template(fingerprint, 'toString'), undefined);
});
