import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskBytesOf } from './disk-bytes.ts';
import { type DiskFormat, inspectDisk } from './inspect-disk.ts';

const maxSizeBytes = 2 ** 40;
const inspect = (file: Buffer, format?: DiskFormat) =>
  inspectDisk(diskBytesOf(file), format ? { maxSizeBytes, format } : { maxSizeBytes });

/** A file of `sizeBytes` with texts and numbers at places. */
function made(sizeBytes: number, parts: [at: number, what: string | bigint | number][]): Buffer {
  const file = Buffer.alloc(sizeBytes);
  for (const [at, what] of parts) {
    if (typeof what === 'string') file.write(what, at, 'latin1');
    else if (typeof what === 'bigint') file.writeBigUInt64LE(what, at);
    else file.writeUInt32LE(what, at);
  }
  return file;
}

const swapped = (file: Buffer, at: number, value: bigint) => {
  file.writeBigUInt64BE(value, at);
  return file;
};

const mib = 1024 * 1024;
const rawDisk = made(mib, [[510, '\x55\xaa']]);
const sparse = (text: string, sectors = 2048n) =>
  made(64 * 1024, [
    [0, 'KDMV'],
    [12, sectors],
    [28, 1n],
    [512, `# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\n${text}`],
  ]);
const monolithic = 'createType="monolithicSparse"\nRW 2048 SPARSE "disk.vmdk"\n';
const vdi = made(2 * mib, [
  [64, 0xbeda_107f],
  [76, 1],
  [340, 512],
  [368, BigInt(mib)],
  [384, 1],
]);
const footer = (type: number) =>
  swapped(
    made(512, [
      [0, 'conectix'],
      [60, type << 24],
    ]),
    48,
    BigInt(mib),
  );
const vhdFixed = Buffer.concat([Buffer.alloc(mib), footer(2)]);
const guidBytes = (hex: string) => Buffer.from(hex, 'hex').toString('latin1');
const vhdx = (parent: number) =>
  made(2 * mib, [
    [0, 'vhdxfile'],
    [192 * 1024, 'regi'],
    [192 * 1024 + 8, 1],
    [192 * 1024 + 16, guidBytes('06a27c8b90479a4bb8fe575f050f886e')],
    [192 * 1024 + 32, BigInt(mib)],
    [mib, 'metadata'],
    [mib + 8, 2 << 16],
    [mib + 32, guidBytes('3767a1ca36fa434db3b633f0aa44e76b')],
    [mib + 48, 64 * 1024],
    [mib + 64, guidBytes('2442a52f1bcd7648b2115dbed83bf4b8')],
    [mib + 80, 64 * 1024 + 8],
    [mib + 64 * 1024 + 4, parent],
    [mib + 64 * 1024 + 8, BigInt(7 * mib)],
  ]);

test('each format is known by its content', async () => {
  const seen = async (file: Buffer) => Object.values(await inspect(file));
  assert.deepEqual(await seen(rawDisk), ['raw', mib]);
  assert.deepEqual(await seen(sparse(monolithic)), ['vmdk', mib]);
  assert.deepEqual(await seen(vdi), ['vdi', mib]);
  assert.deepEqual(await seen(vhdFixed), ['vhd', mib]);
  assert.deepEqual(await seen(vhdx(0)), ['vhdx', 7 * mib]);
});

test('a raw disk may hold anything when it is called raw', async () => {
  assert.deepEqual(await inspect(sparse(monolithic), 'raw'), { format: 'raw', virtualSizeBytes: 64 * 1024 });
  assert.deepEqual(await inspect(Buffer.alloc(512), 'raw'), { format: 'raw', virtualSizeBytes: 512 });
});

const passwd = '# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 2048 FLAT "/etc/passwd" 0\n';
const refusals: Record<string, [file: Buffer, says: RegExp, format?: DiskFormat]> = {
  'a vmdk text with a flat extent': [Buffer.from(passwd), /names its data instead of holding them: "\/etc\/passwd"/],
  'the same without its first line': [
    Buffer.from(passwd.slice(passwd.indexOf('version'))),
    /names its data instead of holding them: "\/etc\/passwd"/,
  ],
  'a vmdk whose text inside is followed': [sparse(passwd.slice(22), 0n), /names its data instead of holding them/],
  'a vmdk with a parent': [
    sparse(`${monolithic}parentFileNameHint="/etc/shadow"\n`),
    /differs from the file "\/etc\/shadow"/,
  ],
  'a vmdk with a device': [sparse('createType="fullDevice"\nRW 1 FLAT "/dev/sda" 0\n'), /of the type "fullDevice"/],
  'a vmdk with a flat part': [
    sparse('createType="monolithicSparse"\nRW 1 FLAT "/dev/sda" 0\n'),
    /data in "\/dev\/sda"/,
  ],
  'a vmdk of two parts': [sparse(`${monolithic}RW 1 SPARSE "b"\n`), /data in "disk.vmdk", "b"/],
  'a part of an old vmdk': [Buffer.from('COWD'.padEnd(512, '\0')), /part of a VMware disk/],
  'half a header of vmdk': [Buffer.from('KDMV'), /ends before its header/],
  'a vmdk of 2^63 sectors': [sparse(monolithic, 2n ** 63n), /more than the 1099511627776/],
  'a vdi with a parent': [Buffer.concat([vdi.subarray(0, 450), Buffer.alloc(mib, 1)]), /differs from a parent/],
  'a vdi without its map': [vdi.subarray(0, 512), /ends before its map of blocks/],
  'a vhd that broke off': [Buffer.concat([footer(3), Buffer.alloc(4096)]), /ends before its data/],
  'a vhd with a parent': [Buffer.concat([footer(4), footer(4)]), /differs from a parent/],
  'a fixed vhd that is too short': [footer(2), /ends before its data/],
  'a vhdx with a parent': [vhdx(2), /differs from a parent/],
  'a vhdx that broke off': [vhdx(0).subarray(0, 1000), /ends before its table of regions/],
  'a vhdx without tables': [made(mib, [[0, 'vhdxfile']]), /table of regions cannot be read/],
  'a raw disk of half a sector': [Buffer.alloc(700), /700 bytes/, 'raw'],
  'something unknown': [Buffer.alloc(4096, 7), /nothing tells its format/],
  'a compressed image': [made(512, [[0, '\x1f\x8b']]), /compressed with gzip/],
  'an OVA': [made(1024, [[257, 'ustar']]), /a tar archive/],
  'another format than was said': [rawDisk, /not of the format qcow2/, 'qcow2'],
};

for (const [what, [file, says, format]] of Object.entries(refusals))
  test(`refused with the reason: ${what}`, async () => {
    await assert.rejects(inspect(file, format), { name: 'HostError', message: says });
  });
