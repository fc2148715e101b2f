import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostError } from '../lib/host-error.ts';
import { diskBytesOf } from './disk-bytes.ts';
import { inspectDisk } from './inspect-disk.ts';
import { emptyQcow2, maxQcow2Bytes } from './qcow2-empty.ts';
import { readQcow2Header } from './qcow2-header.ts';

const gib = 2 ** 30;
const maxSizeBytes = 100 * gib;
const clusterBytes = 65_536;

/** A whole, empty qcow2 file of 10 GiB with some bytes changed. */
function image(change: (file: Buffer) => void = () => {}, backing?: string): Buffer {
  const { pieces, fileBytes } = emptyQcow2(10 * gib, backing);
  const file = Buffer.alloc(fileBytes);
  for (const { offset, bytes } of pieces) bytes.copy(file, offset);
  change(file);
  return file;
}

const inspect = (file: Buffer) => inspectDisk(diskBytesOf(file), { maxSizeBytes });

test('an empty file of ours is taken, and says its size', async () => {
  assert.deepEqual(await inspect(image()), { format: 'qcow2', virtualSizeBytes: 10 * gib });
});

test('the header of an overlay names what lies below', async () => {
  const header = await readQcow2Header(diskBytesOf(image(() => {}, '../a/disk.qcow2')));
  const { offset, lengthBytes } = header.backing;
  const name = image(() => {}, '../a/disk.qcow2').subarray(Number(offset), Number(offset) + lengthBytes);
  assert.equal(name.toString(), '../a/disk.qcow2');
});

const set32 = (at: number, value: number) => (file: Buffer) => void file.writeUInt32BE(value, at);
const set64 = (at: number, value: bigint) => (file: Buffer) => void file.writeBigUInt64BE(value, at);
const extension = (type: number, lengthBytes: number) => (file: Buffer) => {
  file.writeUInt32BE(type, 112);
  file.writeUInt32BE(lengthBytes, 116);
};

const hostile: Record<string, [file: Buffer, says: RegExp]> = {
  'a backing file of the host': [image(() => {}, '/etc/shadow'), /differs from the file "\/etc\/shadow"/],
  'a backing file that is an address': [
    image(() => {}, 'json:{"driver":"nbd","host":"192.0.2.1"}'),
    /differs from the file "json:\{\\"driver\\":\\"nbd\\"/,
  ],
  'a backing file that is itself': [image(() => {}, 'image.qcow2'), /differs from/],
  'the length of a backing name alone': [image(set32(16, 5)), /differs from/],
  'a backing name behind the end': [image((file) => set64(8, 2n ** 63n)(set32(16, 9)(file) ?? file)), /differs from/],
  'a backing name with control characters': [image(() => {}, 'a\x1b[2J\n'), /"a\?\[2J\?"/],
  'an external data file': [image(set64(72, 4n)), /data lie in another file/],
  'the name of a data file': [image(extension(0x4441_5441, 8)), /data lie in another file/],
  'encryption of the old kind': [image(set32(32, 1)), /encrypted/],
  'encryption with LUKS': [image(set32(32, 2)), /encrypted/],
  'a header of encryption': [image(extension(0x0537_be77, 16)), /encrypted/],
  'unknown features': [image(set64(72, 1n << 40n)), /features that are not known here \(0x10000000000\)/],
  'the mark of corruption': [image(set64(72, 2n)), /marked as corrupt/],
  'an unknown compression': [image((file) => file.writeUInt8(7, 104)), /compressed in an unknown way/],
  'a huge first table': [image(set32(36, 0xffff_ffff)), /first table has 4294967295 entries/],
  'a first table that is too small': [image(set32(36, 3)), /first table has 3 entries/],
  'a first table behind the end': [image(set64(40, BigInt(clusterBytes) << 20n)), /ends before its first table/],
  'a first table across clusters': [image(set64(40, 3n * 65_536n + 8n)), /first table lies at an impossible place/],
  'a first table near the end of numbers': [image(set64(40, 2n ** 64n - 65_536n)), /ends before its first table/],
  'a table of counts behind the end': [
    image(set64(48, BigInt(clusterBytes) << 30n)),
    /ends before its table of counts/,
  ],
  'a huge table of counts': [image(set32(56, 0xffff_ffff)), /table of counts has 4294967295 entries/],
  'no table of counts': [image(set32(56, 0)), /table of counts has 0 entries/],
  'counts of absurd width': [image(set32(96, 31)), /counts have 2\^31 bits/],
  'too many snapshots': [image(set32(60, 1_000_000)), /list of snapshots has 1000000 entries/],
  'snapshots behind the end': [image((file) => set32(60, 60_000)(file)), /ends before its list of snapshots/],
  'clusters of one byte': [image(set32(20, 0)), /clusters have 2\^0 bytes/],
  'clusters of 2 GiB': [image(set32(20, 31)), /clusters have 2\^31 bytes/],
  'a disk of 2^63 bytes': [
    image(set64(24, 2n ** 63n)),
    /disk has 9223372036854775808 bytes, more than the 107374182400/,
  ],
  'a disk that is too big': [image(set64(24, BigInt(maxSizeBytes) + 1n)), /more than/],
  'a disk of no bytes': [image(set64(24, 0n)), /no bytes/],
  'a header of absurd length': [image(set32(100, 0xffff_fff8)), /header has an absurd length/],
  'an extension of absurd length': [image(extension(1, 0xffff_ffff)), /part of its header has an absurd length/],
  'version 1': [image(set32(4, 1)), /qcow version 1/],
  'version 4': [image(set32(4, 4)), /qcow version 4/],
  'three bytes': [image().subarray(0, 3), /nothing tells its format/],
  'its magic alone': [image().subarray(0, 5), /ends before its header/],
  'half a header': [image().subarray(0, 90), /ends before its header/],
  'tables that are missing': [image().subarray(0, clusterBytes), /ends before its/],
  'no bytes at all': [Buffer.alloc(0), /empty/],
};

for (const [what, [file, says]] of Object.entries(hostile))
  test(`refused with the reason: ${what}`, async () => {
    await assert.rejects(inspect(file), (error: Error & { help?: string }) => {
      assert.equal(error.name, 'HostError');
      assert.match(error.message, says);
      assert.ok(error.help, 'what to do is missing');
      return true;
    });
  });

test('whatever bytes a header has, it is taken or refused in words', async () => {
  let seed = 42;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed / 2 ** 32;
  };
  for (let round = 0; round < 3000; round += 1) {
    const file = image();
    for (let change = 0; change < 4; change += 1)
      file.writeUInt8(Math.floor(random() * 256), 4 + Math.floor(random() * 140));
    const error = await inspect(file).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error === undefined || error instanceof HostError, String(error));
  }
});

test('the biggest disk has tables that its one cluster of counts covers', () => {
  assert.ok(emptyQcow2(maxQcow2Bytes).fileBytes < 40 * 2 ** 20);
});
