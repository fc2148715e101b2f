/**
 * Judging VMDK. A disk may be a text that names any number of further files or devices; QEMU would open them all. Only a file
 * that holds the whole disk is taken (createType monolithicSparse or streamOptimized).
 */
import { checkedSize, type DiskBytes, refused, shown, truncated } from './disk-bytes.ts';

export const sparseMagic = 'KDMV';
/** ESX servers of long ago; their disks come beside a text. */
export const oldSparseMagic = 'COWD';
const sectorBytes = 512;
const headerBytes = 512;
/** QEMU reads so much of a descriptor, and looks for the name of a parent here, wherever the header says that it lies. */
const descriptorBytes = 20 * 1024;
const descriptorAt = 512;

const whole = new Set(['monolithicSparse', 'streamOptimized']);
const convert = 'convert it where all its files are: qemu-img convert -O qcow2 DISK.vmdk WHOLE.qcow2';

/** A descriptor alone: comments, then settings. */
export const isVmdkText = (head: Buffer): boolean =>
  /^(\s*(#[^\n]*)?\n)*\s*version\s*=/i.test(head.subarray(0, 4096).toString('latin1')) ||
  /^# *disk *descriptorfile/i.test(head.subarray(0, 64).toString('latin1'));

export async function judgeVmdk(bytes: DiskBytes, maxSizeBytes: number): Promise<number> {
  const head = await bytes.read(0, headerBytes);
  const magic = head.subarray(0, 4).toString('latin1');
  if (magic === oldSparseMagic) throw refused('it is a part of a VMware disk of several files', convert);
  if (magic !== sparseMagic) throw refused(`it names its data instead of holding them${await named(bytes)}`, convert);
  if (head.length < headerBytes) throw truncated('header');
  const sectors = head.readBigUInt64LE(12);
  // QEMU then follows the descriptor that lies inside, and opens what it names.
  if (sectors === 0n) throw refused(`it names its data instead of holding them${await named(bytes)}`, convert);
  const descriptor = head.readBigUInt64LE(28) * BigInt(sectorBytes);
  for (const at of [BigInt(descriptorAt), descriptor]) if (at !== 0n) await judgeDescriptor(bytes, at);
  return checkedSize(sectors * BigInt(sectorBytes), maxSizeBytes);
}

async function judgeDescriptor(bytes: DiskBytes, at: bigint): Promise<void> {
  const text = (await bytes.read(at, descriptorBytes)).toString('latin1');
  const parent = /^\s*parentFileNameHint\s*=\s*"?([^"\n]*)/im.exec(text);
  if (parent) throw refused(`it is not whole, but what differs from the file ${shown(parent[1] ?? '')}`, convert);
  const type = /^\s*createType\s*=\s*"([^"\n]*)"/im.exec(text)?.[1];
  if (type !== undefined && !whole.has(type)) throw refused(`it is a disk of the type ${shown(type)}`, convert);
  const extents = extentsOf(text);
  if (extents.length > 1 || extents.some(({ kind }) => kind !== 'SPARSE'))
    throw refused(`it has data in ${extents.map(({ name }) => shown(name)).join(', ')}`.slice(0, 300), convert);
}

/** What a descriptor names, for a message. */
async function named(bytes: DiskBytes): Promise<string> {
  const head = await bytes.read(0, descriptorBytes);
  const names = extentsOf(head.toString('latin1')).map(({ name }) => shown(name));
  return names.length === 0 ? '' : `: ${names.slice(0, 3).join(', ')}`;
}

function extentsOf(text: string): { kind: string; name: string }[] {
  const lines = text.matchAll(/^\s*(?:RW|RDONLY|NOACCESS)\s+\d+\s+([A-Z0-9]+)(?:\s+"([^"\n]*)")?/gim);
  return [...lines].map(([, kind = '', name = '']) => ({ kind: kind.toUpperCase(), name }));
}
