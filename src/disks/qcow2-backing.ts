/** Changing the name of the backing file in the header of a qcow2 file, as bytes. */
import { diskBytesOf, refused } from './disk-bytes.ts';
import { readQcow2Header } from './qcow2-header.ts';

const formatExtension = 0xe279_2aca;
const firstHeaderBytes = 104;
const autoclearAt = 88;

/**
 * The first bytes of the file with another name. Extensions go: what is left of them in our files is a list of names of
 * features, and bitmaps, which are worth nothing once their bit is cleared.
 */
export async function withBackingName(head: Buffer, name: string): Promise<Buffer> {
  const header = await readQcow2Header(diskBytesOf(head));
  if (header.version !== 3) throw refused('it is of version 2', 'make it anew');
  const text = Buffer.from(name);
  const format = Buffer.from('qcow2\0\0\0', 'latin1');
  const extensionsAt = header.headerBytes;
  const nameAt = extensionsAt + 8 + format.length + 8;
  const endAt = Math.min(head.length, 2 ** header.clusterBits);
  if (nameAt + text.length > endAt) throw refused('its first cluster has no room for a name', 'make it anew');
  const changed = Buffer.from(head);
  changed.fill(0, extensionsAt, endAt);
  changed.writeUInt32BE(formatExtension, extensionsAt);
  changed.writeUInt32BE(5, extensionsAt + 4);
  format.copy(changed, extensionsAt + 8);
  text.copy(changed, nameAt);
  changed.writeBigUInt64BE(BigInt(nameAt), 8);
  changed.writeUInt32BE(text.length, 16);
  if (header.headerBytes >= firstHeaderBytes) changed.writeBigUInt64BE(0n, autoclearAt);
  return changed;
}

/** What is written there now; undefined when the file stands alone. */
export async function backingNameOf(head: Buffer): Promise<string | undefined> {
  const { backing } = await readQcow2Header(diskBytesOf(head));
  if (backing.offset === 0n || backing.lengthBytes === 0) return undefined;
  const start = Number(backing.offset);
  return head.subarray(start, start + backing.lengthBytes).toString();
}
