import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseImage } from './choose.ts';
import { parseIndex, parseProducts } from './products.ts';

const hash = (digit: string) => digit.repeat(64);
const file = (ftype: string, path: string, digit: string, more: object = {}) => ({
  ftype,
  path,
  size: 10,
  sha256: hash(digit),
  ...more,
});
const combined = { combined_rootxz_sha256: hash('a'), combined_squashfs_sha256: hash('b') };
const versions = (serial: string, items: Record<string, unknown>) => ({ [serial]: { items } });
const product = (more: object = {}) => ({
  aliases: 'debian/12/default,debian/12',
  arch: 'amd64',
  os: 'Debian',
  release: 'bookworm',
  release_title: 'bookworm',
  variant: 'default',
  requirements: { secureboot: 'false' },
  versions: versions('20240101_05:24', {
    meta: file('incus.tar.xz', 'images/x/incus.tar.xz', '1', combined),
    lxd: file('lxd.tar.xz', 'images/x/lxd.tar.xz', '1', combined),
    root: file('root.tar.xz', 'images/x/rootfs.tar.xz', '2'),
  }),
  ...more,
});
const list = (...products: object[]) => ({
  datatype: 'image-downloads',
  format: 'products:1.0',
  products: Object.fromEntries(products.map((one, index) => [`p${index}`, one])),
});
const wanted = (name: string) => ({ name, type: 'container' as const, architectures: ['x86_64', 'i686'] });

test('an index names the files of products of images only, and no file outside of the server', () => {
  const entry = (path: unknown, datatype = 'image-downloads') => ({
    datatype,
    path,
    format: 'products:1.0',
    products: ['p'],
  });
  const index = {
    a: entry('streams/v1/images.json'),
    b: entry('streams/v1/keys.json', 'keys'),
    c: entry('../../etc/passwd'),
    d: entry('https://elsewhere/images.json'),
    e: entry('/absolute.json'),
    f: entry('a//b'),
    g: entry('a?b'),
    h: entry(7),
    i: { ...entry('empty.json'), products: [] },
  };
  assert.deepEqual(parseIndex({ index }), ['streams/v1/images.json']);
  for (const broken of [null, 1, [], {}, { index: 'x' }, { index: { a: null } }])
    assert.deepEqual(parseIndex(broken), []);
});

test('a split image has the combined hash as its fingerprint', () => {
  const [image, ...more] = parseProducts(list(product()));
  assert.deepEqual(more, []);
  assert.partialDeepStrictEqual(image, {
    fingerprint: hash('a'),
    type: 'container',
    architecture: 'x86_64',
    aliases: ['debian/12/default', 'debian/12'],
    filename: 'incus.tar.xz',
    sizeBytes: 20,
    properties: {
      os: 'Debian',
      release: 'bookworm',
      variant: 'default',
      serial: '20240101_05:24',
      description: 'Debian bookworm amd64 (20240101_05:24)',
      'requirements.secureboot': 'false',
      type: 'root.tar.xz',
    },
  });
  assert.equal(image?.createdAt.toISOString(), '2024-01-01T00:00:00.000Z');
  assert.deepEqual(
    image?.files.map(({ path }) => path),
    ['images/x/incus.tar.xz', 'images/x/rootfs.tar.xz'],
  );
});

test('unified images, squashfs, disks and images of LXD are known; deltas are passed over', () => {
  const items = {
    meta: file('lxd.tar.xz', 'm', '1', { ...combined, 'combined_disk-kvm-img_sha256': hash('c') }),
    squashfs: file('squashfs', 'r.squashfs', '2'),
    disk: file('disk-kvm.img', 'disk.qcow2', '3'),
    delta: file('squashfs.vcdiff', 'd.vcdiff', '4', { delta_base: '20230101' }),
    whole: file('incus_combined.tar.gz', 'w.tar.gz', '5'),
  };
  const images = parseProducts(list(product({ versions: versions('20240101', items), support_eol: '2028-06-30' })));
  assert.deepEqual(
    images.map(({ fingerprint, type }) => [fingerprint[0], type]),
    [
      ['5', 'container'],
      ['b', 'container'],
      ['c', 'virtual-machine'],
    ],
  );
  assert.equal(images[0]?.expiresAt?.toISOString(), '2028-06-30T00:00:00.000Z');
});

test('what is incomplete, strange or hostile is left out', () => {
  const meta = file('incus.tar.xz', 'm', '1', combined);
  const root = file('root.tar.xz', 'r', '2');
  const strange: object[] = [
    product({ arch: 'z80' }),
    product({ arch: '__proto__' }),
    product({ versions: versions('now', { meta, root }) }),
    product({ versions: versions('20249999', { meta, root }) }),
    product({ versions: versions('20240101', { meta, root: { ...root, path: '../../root' } }) }),
    product({ versions: versions('20240101', { meta, root: { ...root, sha256: 'short' } }) }),
    product({ versions: versions('20240101', { meta, root: { ...root, size: -1 } }) }),
    product({ versions: versions('20240101', { meta, root: { ...root, size: 1e300 } }) }),
    product({ versions: versions('20240101', { meta: { ...meta, combined_rootxz_sha256: 'x' }, root }) }),
    product({ versions: versions('20240101', { root }) }),
    product({ versions: null }),
    { versions: 7 },
  ];
  assert.deepEqual(parseProducts(list(...strange)), []);
  for (const broken of [null, 'x', [], { products: [] }, { datatype: 'keys', products: { p: product() } }])
    assert.deepEqual(parseProducts(broken), []);
});

test('a name means its newest version; the host decides between architectures', () => {
  const older = product();
  const items = {
    meta: file('incus.tar.xz', 'm', '1', { combined_sha256: hash('d') }),
    root: file('root.tar.xz', 'r', '2'),
  };
  const images = parseProducts(
    list(
      { ...older, versions: { ...older.versions, ...versions('20240303', items) } },
      product({
        arch: 'arm64',
        versions: versions('20250101', {
          ...items,
          meta: file('incus.tar.xz', 'm', '1', { combined_sha256: hash('e') }),
        }),
      }),
    ),
  );
  const chosen = (name: string) => chooseImage(images, wanted(name))?.fingerprint[0];
  assert.equal(chosen('debian/12'), 'd');
  assert.equal(chosen('debian/12/amd64'), 'd');
  assert.equal(chosen('debian/12/arm64'), 'e');
  assert.equal(chosen('a'.repeat(12)), 'a');
  assert.equal(chosen('a'.repeat(11)), undefined);
  assert.equal(chosen('debian'), undefined);
  assert.equal(chooseImage(images, { ...wanted('debian/12'), type: 'virtual-machine' }), undefined);
});
