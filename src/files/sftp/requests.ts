/** What a client asks, taken out of a packet. Pure: nothing here touches a file. */
import { type Attributes, readAttributes } from './attributes.ts';
import { BrokenPacket, type Fields, packetTypes, readFields } from './wire.ts';

export type Request = { id: number } & (
  | { ask: 'open'; path: Buffer; flags: number; attributes: Attributes }
  | { ask: 'close' | 'fstat' | 'readdir' | 'fsync'; handle: string }
  | { ask: 'read'; handle: string; offset: number; length: number }
  | { ask: 'write'; handle: string; offset: number; data: Buffer }
  | { ask: 'lstat' | 'stat' | 'opendir' | 'remove' | 'rmdir' | 'realpath' | 'readlink' | 'statvfs'; path: Buffer }
  | { ask: 'setstat' | 'mkdir'; path: Buffer; attributes: Attributes }
  | { ask: 'fsetstat'; handle: string; attributes: Attributes }
  /** `to` is the new name, in `symlink` the link and `from` what it says. */
  | { ask: 'rename' | 'posix-rename' | 'hardlink' | 'symlink'; from: Buffer; to: Buffer }
  | { ask: 'limits' }
  | { ask: 'unknown' }
);

type Ask = Request extends infer One ? (One extends { id: number } ? Omit<One, 'id'> : never) : never;

const path = (fields: Fields): Buffer => {
  const bytes = fields.bytes();
  if (bytes.includes(0)) throw new BrokenPacket('a path holds a NUL byte');
  return bytes;
};
const handle = (fields: Fields): string => fields.bytes().toString('latin1');

/** The parts of an object are evaluated in the order in which they are written, which is that of the packet. */
const readers: Record<number, (fields: Fields) => Ask> = {
  [packetTypes.open]: (f) => ({ ask: 'open', path: path(f), flags: f.uint32(), attributes: readAttributes(f) }),
  [packetTypes.close]: (f) => ({ ask: 'close', handle: handle(f) }),
  [packetTypes.read]: (f) => ({ ask: 'read', handle: handle(f), offset: f.uint64(), length: f.uint32() }),
  [packetTypes.write]: (f) => ({ ask: 'write', handle: handle(f), offset: f.uint64(), data: f.bytes() }),
  [packetTypes.lstat]: (f) => ({ ask: 'lstat', path: path(f) }),
  [packetTypes.fstat]: (f) => ({ ask: 'fstat', handle: handle(f) }),
  [packetTypes.setstat]: (f) => ({ ask: 'setstat', path: path(f), attributes: readAttributes(f) }),
  [packetTypes.fsetstat]: (f) => ({ ask: 'fsetstat', handle: handle(f), attributes: readAttributes(f) }),
  [packetTypes.opendir]: (f) => ({ ask: 'opendir', path: path(f) }),
  [packetTypes.readdir]: (f) => ({ ask: 'readdir', handle: handle(f) }),
  [packetTypes.remove]: (f) => ({ ask: 'remove', path: path(f) }),
  [packetTypes.mkdir]: (f) => ({ ask: 'mkdir', path: path(f), attributes: readAttributes(f) }),
  [packetTypes.rmdir]: (f) => ({ ask: 'rmdir', path: path(f) }),
  [packetTypes.realpath]: (f) => ({ ask: 'realpath', path: path(f) }),
  [packetTypes.stat]: (f) => ({ ask: 'stat', path: path(f) }),
  [packetTypes.rename]: (f) => ({ ask: 'rename', from: path(f), to: path(f) }),
  [packetTypes.readlink]: (f) => ({ ask: 'readlink', path: path(f) }),
  // The draft has it the other way round; OpenSSH does not, and every client follows OpenSSH.
  [packetTypes.symlink]: (f) => ({ ask: 'symlink', from: path(f), to: path(f) }),
};

const extensions: Record<string, (fields: Fields) => Ask> = {
  'posix-rename@openssh.com': (f) => ({ ask: 'posix-rename', from: path(f), to: path(f) }),
  'hardlink@openssh.com': (f) => ({ ask: 'hardlink', from: path(f), to: path(f) }),
  'statvfs@openssh.com': (f) => ({ ask: 'statvfs', path: path(f) }),
  'fsync@openssh.com': (f) => ({ ask: 'fsync', handle: handle(f) }),
  'limits@openssh.com': () => ({ ask: 'limits' }),
};

/** Named in the answer to `init`, with their versions; the first three are those of Incus. */
export const extensionVersions: Record<keyof typeof extensions, string> = {
  'hardlink@openssh.com': '1',
  'posix-rename@openssh.com': '1',
  'statvfs@openssh.com': '2',
  'fsync@openssh.com': '1',
  'limits@openssh.com': '1',
};

/** The number of a request, which also a broken one has. Undefined: not even that. */
export const requestId = (packet: Buffer): number | undefined =>
  packet.length < 5 ? undefined : packet.readUInt32BE(1);

/** `packet` is without its length: type, number, fields. Throws `BrokenPacket`. */
export function readRequest(packet: Buffer): Request {
  const fields = readFields(packet, 1);
  const id = fields.uint32();
  const type = packet[0] ?? 0;
  if (type !== packetTypes.extended) return { id, ...(readers[type]?.(fields) ?? { ask: 'unknown' }) };
  const name = fields.bytes().toString('latin1');
  const read = Object.hasOwn(extensions, name) ? extensions[name] : undefined;
  return { id, ...(read?.(fields) ?? { ask: 'unknown' }) };
}
