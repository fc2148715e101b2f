/** The tar reader: any way of cutting the stream gives the same members; what is written can be read; noise is an error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TarDamaged, type TarMember, writeHeader } from './tar-header.ts';
import { createTarScanner } from './tar-scan.ts';

const plain: TarMember = {
  name: 'a/b',
  kind: 'file',
  link: '',
  mode: 0o4755,
  uid: 1000,
  gid: 0,
  sizeBytes: 5,
  modified: 1_700_000_000,
  records: new Map(),
};
const members: TarMember[] = [
  plain,
  { ...plain, name: `long/${'x'.repeat(300)}`, modified: 1_700_000_000.5 },
  { ...plain, name: 'link', kind: 'symlink', link: 'y'.repeat(200), sizeBytes: 0 },
  { ...plain, name: 'caf\u00c3\u00a9', uid: 60_000, records: new Map([['SCHILY.xattr.user.a', 'b\n=\u00ff']]) },
  {
    ...plain,
    name: 'sparse',
    sparse: {
      realSizeBytes: 1_000_000,
      map: [
        [10, 2],
        [900, 3],
      ],
    },
  },
  { ...plain, name: 'dir/', kind: 'directory', sizeBytes: 0 },
];

function archive(): Buffer {
  const data = Buffer.alloc(512);
  data.write('hello');
  const blocks = members.flatMap((member) => [writeHeader(member), ...(member.sizeBytes > 0 ? [data] : [])]);
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function scan(pieces: Buffer[]): { members: TarMember[]; data: string[] } {
  const seen: TarMember[] = [];
  const data: string[] = [];
  const scanner = createTarScanner({
    member: (member) => seen.push(member),
    data: (piece) => data.push(piece.toString()),
  });
  for (const piece of pieces) scanner.push(piece);
  scanner.finish();
  return { members: seen, data };
}

test('what is written is read again, however the stream is cut', () => {
  const bytes = archive();
  for (const size of [1, 7, 511, 512, 513, 10_000]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const found = scan(pieces);
    assert.deepEqual(found.members, members);
    assert.equal(found.data.join(''), 'hello'.repeat(4));
  }
});

test('every cut before the end mark is noticed', () => {
  const bytes = archive();
  for (let length = 0; length <= bytes.length - 1024; length += 256)
    assert.throws(() => scan([bytes.subarray(0, length)]), TarDamaged, `${length} bytes`);
});

test('random damage never ends in anything but members or TarDamaged', () => {
  let state = 1;
  const random = (below: number) => {
    state = (state * 48_271) % 0x7fffffff;
    return state % below;
  };
  for (let round = 0; round < 500; round++) {
    const bytes = archive();
    for (let i = 0; i <= random(4); i++) bytes[random(bytes.length)] = random(256);
    try {
      scan([bytes]);
    } catch (error) {
      assert.ok(error instanceof TarDamaged, String(error));
    }
  }
});
