/** Whether QEMU can start a file as a kernel: Linux, multiboot, or ELF with an entry for PVH. Pure. */
export type KernelKind = 'linux' | 'multiboot' | 'pvh' | 'other';

/** As many bytes from the beginning of a file are enough to tell. */
export const kernelHeadBytes = 4 * 2 ** 20;

export function kernelKind(head: Buffer): KernelKind {
  if (head.toString('latin1', 0x202, 0x206) === 'HdrS') return 'linux';
  const search = head.subarray(0, 8192);
  for (let at = 0; at + 12 <= search.length; at += 4)
    if (search.readUInt32LE(at) === 0x1badb002 && isMultiboot(search, at)) return 'multiboot';
  return head.toString('latin1', 0, 4) === '\x7fELF' && hasPvhNote(head) ? 'pvh' : 'other';
}

/** Magic, flags and checksum make nothing. */
const isMultiboot = (head: Buffer, at: number) =>
  ((head.readUInt32LE(at) + head.readUInt32LE(at + 4) + head.readUInt32LE(at + 8)) & 0xffffffff) === 0;

/** A note of Xen, number 18: the address at which the kernel begins in 32 bits. */
function hasPvhNote(head: Buffer): boolean {
  const name = Buffer.from('Xen\0');
  for (let at = head.indexOf(name); at >= 0; at = head.indexOf(name, at + 1))
    if (at >= 12 && head.readUInt32LE(at - 12) === 4 && head.readUInt32LE(at - 4) === 18) return true;
  return false;
}
