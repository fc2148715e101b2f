/** The laws of the images port. `open` gives an empty store; `real` is false for a fake that does not look into archives. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type ImageFiles, ImageRefused } from '../../src/core/ports/images.ts';
import { type HandEntry, handImage, handTar, plainMetadata } from './hand-tar.ts';

/** `left` lists everything that lies in the implementation's directories. */
export type OpenedImages = AsyncDisposable & { images: ImageFiles; left: () => string[] };

const sha256 = (...pieces: Buffer[]) => createHash('sha256').update(Buffer.concat(pieces)).digest('hex');
export const streamOf = (bytes: Buffer) => Readable.from([bytes]);

const refused = (reason: ImageRefused['reason'], text?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ImageRefused, `not a refusal: ${error}`);
  assert.equal(error.reason, reason, error.message);
  if (text) assert.match(error.message, text);
  return true;
};

export function imagesSuite(name: string, open: () => Promise<OpenedImages>): void {
  describe(`images port: ${name}`, () => {
    test('a unified image is known by the sha256 of its file and given out as it came', async () => {
      await using opened = await open();
      const { images } = opened;
      const file = gzipSync(handImage());
      const got = await images.receive({ unified: streamOf(file) }, { expect: sha256(file) });
      assert.partialDeepStrictEqual(got, { fingerprint: sha256(file), sizeBytes: file.length, split: false });
      const [out] = await images.files(got.fingerprint);
      assert.ok(out);
      assert.deepEqual(await buffer(out.open()), file);
      assert.deepEqual(await images.list(), [got.fingerprint]);
      assert.equal((await images.receive({ unified: streamOf(file) }, {})).fingerprint, got.fingerprint);
      assert.deepEqual(await images.list(), [got.fingerprint]);
      await images.remove(got.fingerprint);
      await images.remove(got.fingerprint);
      assert.deepEqual(await images.list(), []);
      assert.deepEqual(opened.left(), []);
      await assert.rejects(images.files(got.fingerprint), refused('not-found'));
    });

    test('a split image is known by the sha256 of metadata and root file system', async () => {
      await using opened = await open();
      const metadata = handTar([{ name: 'metadata.yaml', data: plainMetadata }]);
      const rootfs = handTar([{ name: './' }, { name: './etc/' }]);
      const got = await opened.images.receive({ metadata: streamOf(metadata), rootfs: streamOf(rootfs) }, {});
      assert.partialDeepStrictEqual(got, { fingerprint: sha256(metadata, rootfs), split: true });
      const files = await opened.images.files(got.fingerprint);
      // Clients keep them under these names: `incus image export IMAGE FOLDER`.
      assert.deepEqual(
        files.map(({ name }) => name),
        [`meta-${got.fingerprint}.tar`, `${got.fingerprint}.tar`],
      );
    });

    test('a wrong fingerprint, a failing sender and an abort leave nothing', async () => {
      await using opened = await open();
      const { images, left } = opened;
      const wrong = images.receive({ unified: streamOf(handImage()) }, { expect: '0'.repeat(64) });
      await assert.rejects(wrong, refused('mismatch'));
      const failing = new Readable({ read() {} });
      failing.push(handImage().subarray(0, 600));
      setImmediate(() => failing.destroy(new Error('sender gone')));
      await assert.rejects(images.receive({ unified: failing }, {}), /sender gone/);
      const silent = new Readable({ read() {} });
      await assert.rejects(images.receive({ unified: silent }, { signal: AbortSignal.timeout(30) }), /timeout|abort/i);
      assert.deepEqual(left(), []);
    });
  });
}

type Hostile = [name: string, bytes: Buffer, reason: ImageRefused['reason'], text: RegExp];

const member = (entry: HandEntry) => handImage([entry]);
const withMetadata = (text: string) => handImage([], text);
const hostile: Hostile[] = [
  ['..', member({ name: 'rootfs/../../etc/x' }), 'hostile', /rootfs\/\.\.\/\.\.\/etc\/x/],
  ['absolute name that leads out', member({ name: '/rootfs/../../x' }), 'hostile', /"\/rootfs\/\.\.\/\.\.\/x"/],
  [
    'GNU long name',
    handImage([{ name: '@', type: 'L', data: 'rootfs/../../x\0' }, { name: 'rootfs/x' }]),
    'hostile',
    /\.\./,
  ],
  ['hard link out', member({ name: 'rootfs/l', type: '1', link: '../../etc/shadow' }), 'hostile', /rootfs\/l/],
  ['hard link absolute', member({ name: 'rootfs/l', type: '1', link: '/etc/shadow' }), 'hostile', /shadow/],
  ['hard link beside rootfs', member({ name: 'rootfs/l', type: '1', link: 'metadata.yaml' }), 'hostile', /outside/],
  [
    'member below a link',
    handImage([
      { name: 'rootfs/l', type: '2', link: '/etc' },
      { name: 'rootfs/l/x', data: 'x' },
    ]),
    'hostile',
    /rootfs\/l\/x/,
  ],
  [
    'hard link through a link',
    handImage([
      { name: 'rootfs/l', type: '2', link: '/etc' },
      { name: 'rootfs/h', type: '1', link: 'rootfs/l/shadow' },
    ]),
    'hostile',
    /rootfs\/h/,
  ],
  [
    'link that becomes a file',
    handImage([
      { name: 'rootfs/l', type: '2', link: '/etc/x' },
      { name: 'rootfs/./l', data: 'x' },
    ]),
    'hostile',
    /rootfs\/\.\/l/,
  ],
  [
    'metadata.yaml as a link',
    handTar([{ name: 'metadata.yaml', type: '2', link: '/etc/shadow' }]),
    'hostile',
    /metadata\.yaml/,
  ],
  ['owner of nobody', member({ name: 'rootfs/o', uid: 70_000 }), 'hostile', /70000/],
  ['absurd size', member({ name: 'rootfs/big', pax: { size: '9000000000000' } }), 'too-big', /rootfs\/big/],
  [
    'absurd sparse file',
    member({
      name: 'rootfs/s',
      pax: { 'GNU.sparse.size': '90000000000000', 'GNU.sparse.numblocks': '0', 'GNU.sparse.map': '' },
    }),
    'too-big',
    /rootfs\/s/,
  ],
  [
    'sparse map that lies',
    member({ name: 'rootfs/s', data: 'abc', pax: { 'GNU.sparse.size': '10', 'GNU.sparse.map': '0,9' } }),
    'broken',
    /rootfs\/s/,
  ],
  ['unknown type', member({ name: 'rootfs/x', type: 'Z' }), 'broken', /type/],
  [
    'broken pax header',
    handImage([{ name: 'p', type: 'x', data: '999 path=x\n' }, { name: 'rootfs/x' }]),
    'broken',
    /pax/,
  ],
  ['cut off in a member', handImage().subarray(0, 1536 + 100), 'broken', /cut off/],
  [
    'cut off between members',
    handTar([{ name: 'metadata.yaml', data: plainMetadata }, { name: 'rootfs/x' }], { end: false }),
    'broken',
    /cut off/,
  ],
  ['cut off gzip', gzipSync(handImage()).subarray(0, 100), 'broken', /gzip/],
  ['flipped byte in zstd', flip(zstdCompressSync(handImage())), 'broken', /damaged/],
  ['bad checksum', flip(handImage(), 512 * 2 + 20), 'broken', /header/],
  ['not an archive', Buffer.from('hello world'.repeat(100)), 'broken', /neither/],
  ['empty', Buffer.alloc(0), 'broken', /empty/],
  [
    'bomb',
    zstdCompressSync(
      Buffer.concat([handTar([{ name: 'rootfs/z', claims: 300_000_000 }], { end: false }), Buffer.alloc(300_000_000)]),
    ),
    'too-big',
    /bomb|expand/,
  ],
  ['squashfs', Buffer.concat([Buffer.from('hsqs'), Buffer.alloc(600)]), 'broken', /damaged/],
  ['qcow2', Buffer.concat([Buffer.from('514649fb', 'hex'), Buffer.alloc(600)]), 'broken', /disk image is refused/],
  ['no metadata', handTar([{ name: 'rootfs/x' }]), 'broken', /metadata\.yaml/],
  ['no rootfs', handTar([{ name: 'metadata.yaml', data: plainMetadata }]), 'broken', /rootfs/],
  ['metadata that is no YAML', withMetadata('a: [}'), 'broken', /YAML/],
  ['metadata that is a list', withMetadata('- a'), 'broken', /map/],
  ['metadata with nested brackets', withMetadata('['.repeat(100_000)), 'broken', /metadata/],
  ['metadata with an alias bomb', withMetadata(aliasBomb()), 'broken', /alias/i],
  ['metadata of a megabyte', withMetadata(`${plainMetadata}#${' '.repeat(1_000_000)}`), 'too-big', /metadata\.yaml/],
  ['unknown architecture', withMetadata('architecture: __proto__'), 'broken', /architecture/],
  ['foreign architecture', withMetadata('architecture: s390x'), 'mismatch', /s390x/],
  [
    'template outside',
    withMetadata(`${plainMetadata}templates:\n  /etc/x:\n    template: ../../../etc/shadow\n`),
    'broken',
    /file name/,
  ],
];

function flip(bytes: Buffer, at = Math.floor(bytes.length / 2)): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return bytes;
}

function aliasBomb(): string {
  const rows = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`);
  return `${plainMetadata}l0: &l0 [x]\n${rows.join('\n')}\n`;
}

/** What implementations that look into archives refuse, each with the member's name and nothing left. */
export function hostileImagesSuite(name: string, open: () => Promise<OpenedImages>): void {
  describe(`hostile images: ${name}`, () => {
    for (const [what, bytes, reason, text] of hostile)
      test(`refuses: ${what}`, async () => {
        await using opened = await open();
        await assert.rejects(opened.images.receive({ unified: streamOf(bytes) }, {}), refused(reason, text));
        assert.deepEqual(opened.left(), []);
      });

    test('refuses more members than allowed before anything is unpacked', async () => {
      await using opened = await open();
      const many = Array.from({ length: 1100 }, (_, i) => ({ name: `rootfs/f${i}` }));
      await assert.rejects(
        opened.images.receive({ unified: streamOf(handImage(many)) }, {}),
        refused('too-big', /1000 members/),
      );
    });
  });
}
