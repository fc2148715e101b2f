/** Sizes, and what a file is that should be a kernel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBytes } from './bytes.ts';
import { kernelKind } from './kernel-kind.ts';

test('sizes as scan_scaled(3) reads them', () => {
  assert.deepEqual(memoryBytes('512M'), { bytes: 2 ** 29, rounded: false });
  assert.deepEqual(memoryBytes('1.5g'), { bytes: 1.5 * 2 ** 30, rounded: false });
  assert.deepEqual(memoryBytes('1048577'), { bytes: 2 ** 20, rounded: true });
  assert.ok('wrong' in memoryBytes('9999999E'));
  assert.ok('wrong' in memoryBytes('-1G'));
});

test('kernels are told by what is in them', () => {
  const linux = Buffer.alloc(0x300);
  linux.write('HdrS', 0x202, 'latin1');
  assert.equal(kernelKind(linux), 'linux');
  const multiboot = Buffer.alloc(4096);
  multiboot.writeUInt32LE(0x1badb002, 64);
  assert.equal(kernelKind(multiboot), 'other', 'without its checksum it is chance');
  multiboot.writeInt32LE(-0x1badb002, 72);
  assert.equal(kernelKind(multiboot), 'multiboot');
  const note = Buffer.from([4, 0, 0, 0, 4, 0, 0, 0, 18, 0, 0, 0, ...Buffer.from('Xen\0'), 0, 0, 0x10, 0]);
  const elf = Buffer.from('\x7fELF', 'latin1');
  assert.equal(kernelKind(Buffer.concat([elf, Buffer.alloc(60), note])), 'pvh');
  assert.equal(kernelKind(Buffer.concat([elf, Buffer.alloc(60)])), 'other');
  assert.equal(kernelKind(Buffer.alloc(0)), 'other');
});
