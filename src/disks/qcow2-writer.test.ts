import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DiskPiece } from '../core/ports/disk-content.ts';
import { diskBytesOf } from './disk-bytes.ts';
import { inspectDisk } from './inspect-disk.ts';
import { writeQcow2 } from './qcow2-writer.ts';

const directory = mkdtempSync(join(tmpdir(), 'gasthof-qcow2-writer-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const mib = 2 ** 20;
const cluster = 65_536;
let count = 0;

async function written(sizeBytes: number, pieces: readonly DiskPiece[]): Promise<Buffer> {
  const path = join(directory, `${count++}.qcow2`);
  await writeQcow2(path, {
    sizeBytes,
    pieces: (async function* () {
      yield* pieces;
    })(),
  });
  return readFileSync(path);
}

/** What a reader of the format finds at a place of the disk, by its two tables. */
function read(file: Buffer, at: number): number {
  const l1 = Number(file.readBigUInt64BE(40));
  const cell = Math.floor(at / cluster);
  const l2 = Number(file.readBigUInt64BE(l1 + Math.floor(cell / 8192) * 8) & 0x00ff_ffff_ffff_fe00n);
  if (l2 === 0) return 0;
  const data = Number(file.readBigUInt64BE(l2 + (cell % 8192) * 8) & 0x00ff_ffff_ffff_fe00n);
  return data === 0 ? 0 : (file[data + (at % cluster)] ?? 0);
}

const piece = (offset: number, length: number, value: number): DiskPiece => ({
  offset,
  bytes: Buffer.alloc(length, value),
});

test('bytes lie where they were said to be, and all else is zeros', async () => {
  const file = await written(3 * 1024 * mib + 512, [
    piece(1, 3, 5),
    piece(4, cluster, 6),
    piece(2 * cluster, 3 * cluster, 7),
    piece(700 * mib - 10, 20, 8),
    piece(3 * 1024 * mib + 510, 2, 9),
  ]);
  const places: [number, number][] = [
    [0, 0],
    [1, 5],
    [3, 5],
    [4, 6],
    [cluster + 3, 6],
    [cluster + 4, 0],
    [2 * cluster, 7],
    [5 * cluster - 1, 7],
    [5 * cluster, 0],
    [700 * mib - 11, 0],
    [700 * mib - 10, 8],
    [700 * mib + 9, 8],
    [3 * 1024 * mib + 510, 9],
  ];
  for (const [at, value] of places) assert.equal(read(file, at), value, `at ${at}`);
  assert.deepEqual(await inspectDisk(diskBytesOf(file), { maxSizeBytes: 4 * 1024 * mib }), {
    format: 'qcow2',
    virtualSizeBytes: 3 * 1024 * mib + 512,
  });
});

test('zeros take no place', async () => {
  assert.equal((await written(1024 * mib, [piece(0, 64 * mib, 0)])).length, 4 * cluster);
});

test('a piece behind the end, or before the last one, is refused', async () => {
  await assert.rejects(written(mib, [piece(mib - 1, 2, 1)]), { errno: 'EINVAL' });
  await assert.rejects(written(mib, [piece(100, 10, 1), piece(105, 10, 1)]), { errno: 'EINVAL' });
});
