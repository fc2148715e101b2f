/** The address of a unix socket as the kernel takes it (struct sockaddr_un). */
import { HostError } from '../lib/host-error.ts';

export const AF_UNIX = 1;
const familyBytes = 2;
const nameBytes = 108;

/** A name that ends in a zero byte, or an abstract one, which begins with one. Its length counts: pass `length` of the result. */
export function unixAddress(path: string, abstract = false): Buffer {
  const name = Buffer.from(path);
  if (name.length + 1 > nameBytes) throw new HostError(`${path}: too long for a socket`);
  const bytes = Buffer.alloc(familyBytes + name.length + 1);
  bytes.writeUInt16LE(AF_UNIX, 0);
  name.copy(bytes, abstract ? familyBytes + 1 : familyBytes);
  return bytes;
}
