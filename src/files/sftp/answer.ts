/** One request in, one reply out. What a client cannot have becomes a status, never an end of the session. */
import { fsync, ftruncate, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { FileRefused } from '../../core/ports/files.ts';
import { linkTargetBytes, statusOf } from '../../host/openat.ts';
import { HostError } from '../../lib/host-error.ts';
import { findEntry } from '../locate.ts';
import { explaining, refuse } from '../refusal.ts';
import { type Attributes, attributeBytes, longName, noAttributes } from './attributes.ts';
import { type Handles, mostHandles, nextNames, type OpenHandle } from './handles.ts';
import { longestPacketBytes } from './packet-reader.ts';
import type { Request } from './requests.ts';
import {
  change,
  changeAt,
  linkPath,
  makeFolder,
  makeLink,
  openFile,
  openFolder,
  removeName,
  renamePath,
  spaceAt,
  statusAt,
  statusInside,
  statusOfEntry,
  type Tree,
} from './tree.ts';
import {
  openFlags,
  packet,
  packetTypes,
  type StatusCode,
  statusCodes,
  statusReply,
  string,
  uint32,
  uint64,
} from './wire.ts';

const readBytes = promisify(read);
const writeBytes = promisify(write);
const flush = promisify(fsync);
const resize = promisify(ftruncate);

export type Desk = { tree: Tree; handles: Handles };

/** As OpenSSH; a client that wants more gets less and asks again. */
export const longestReadBytes = 256 * 1024 - 1024;
const namesPerReply = 100;

export async function answer(desk: Desk, request: Request): Promise<Buffer> {
  const path = 'path' in request ? request.path : 'to' in request ? request.to : pathOf(desk, request);
  try {
    return await explaining(path, () => perform(desk, request));
  } catch (error) {
    return refusalReply(request.id, error);
  }
}

function pathOf({ handles }: Desk, request: Request): Buffer | string {
  try {
    return 'handle' in request ? handles.get(request.handle).path : '';
  } catch {
    return '';
  }
}

type Asked<A extends Request['ask']> = Request & { ask: A };
/** Undefined is done, with nothing more to say. */
type Reply = Promise<Buffer | undefined> | Buffer | undefined;
type Performer<A extends Request['ask']> = (desk: Desk, request: Asked<A>) => Reply;

const done = (_: unknown): undefined => undefined;

const performers: { [A in Request['ask']]: Performer<A> } = {
  open: openReply,
  opendir: ({ tree, handles }, { id, path }) =>
    packet(packetTypes.handle, id, string(handles.add(path, openFolder(tree, path)))),
  close: ({ handles }, { handle }) => done(handles.close(handle)),
  read: ({ handles }, { id, handle, offset, length }) => readReply(id, handles.get(handle), offset, length),
  write: ({ handles }, { handle, data, offset }) => writeAll(handles.get(handle), data, offset),
  readdir: namesReply,
  stat: ({ tree }, { id, path }) => attributesReply(id, statusAt(tree, path, true)),
  lstat: ({ tree }, { id, path }) => attributesReply(id, statusAt(tree, path, false)),
  fstat: ({ tree, handles }, { id, handle }) => attributesReply(id, statusInside(tree, handles.get(handle).found)),
  setstat: ({ tree }, { path, attributes }) => setAt(tree, path, attributes),
  fsetstat: ({ tree, handles }, { handle, attributes }) => setOpen(tree, handles.get(handle), attributes),
  fsync: ({ handles }, { handle }) => flush(handles.get(handle).found.fd).then(done),
  mkdir: ({ tree }, { path, attributes }) => done(makeFolder(tree, path, attributes)),
  remove: ({ tree }, { path }) => done(removeName(tree, path, 'other')),
  rmdir: ({ tree }, { path }) => done(removeName(tree, path, 'directory')),
  rename: ({ tree }, { from, to }) => done(renamePath(tree, from, to, false)),
  'posix-rename': ({ tree }, { from, to }) => done(renamePath(tree, from, to, true)),
  hardlink: ({ tree }, { from, to }) => done(linkPath(tree, from, to)),
  symlink: ({ tree }, { from, to }) => done(makeLink(tree, from, to)),
  readlink: ({ tree }, { id, path }) => linkReply(tree, id, path),
  realpath: (_, { id, path }) => nameReply(id, plainPath(path)),
  statvfs: ({ tree }, { id, path }) => spaceReply(tree, id, path),
  limits: (_, { id }) =>
    packet(
      packetTypes.extendedReply,
      id,
      ...[longestPacketBytes, longestReadBytes, longestReadBytes, mostHandles].map(uint64),
    ),
  unknown: (_, { id }) => statusReply(id, statusCodes.unsupported, 'this request is not supported'),
};

async function perform(desk: Desk, request: Request): Promise<Buffer> {
  const work = performers[request.ask] as (desk: Desk, request: Request) => Reply;
  return (await work(desk, request)) ?? statusReply(request.id, statusCodes.ok);
}

async function openReply({ tree, handles }: Desk, request: Asked<'open'>): Promise<Buffer> {
  const { id, path, flags, attributes } = request;
  const handle = handles.add(path, openFile(tree, path, flags, attributes), (flags & openFlags.append) !== 0);
  const opened = handles.get(handle);
  try {
    if (flags & openFlags.truncate && flags & openFlags.write && !opened.isDirectory) await resize(opened.found.fd, 0);
  } catch (error) {
    handles.close(handle);
    throw error;
  }
  return packet(packetTypes.handle, id, string(handle));
}

async function readReply(id: number, handle: OpenHandle, offset: number, length: number): Promise<Buffer> {
  if (handle.isDirectory) throw refuse('is-a-directory', handle.path, 'is a directory');
  // Head of the packet and its data in one piece of memory: nothing is copied afterwards.
  const reply = Buffer.allocUnsafe(13 + Math.min(length, longestReadBytes));
  const { bytesRead } = await readBytes(handle.found.fd, reply, 13, reply.length - 13, offset);
  if (bytesRead === 0 && length > 0) return statusReply(id, statusCodes.endOfFile, 'end of file');
  reply.writeUInt32BE(bytesRead + 9, 0);
  reply.writeUInt8(packetTypes.data, 4);
  reply.writeUInt32BE(id, 5);
  reply.writeUInt32BE(bytesRead, 9);
  return reply.subarray(0, 13 + bytesRead);
}

async function writeAll(handle: OpenHandle, data: Buffer, offset: number): Promise<undefined> {
  for (let at = 0; at < data.length; ) {
    const { bytesWritten } = await writeBytes(
      handle.found.fd,
      data,
      at,
      data.length - at,
      handle.append ? null : offset + at,
    );
    at += bytesWritten;
  }
}

async function setAt(tree: Tree, path: Buffer, attributes: Attributes): Promise<undefined> {
  if (attributes.sizeBytes !== undefined) {
    using file = openFile(tree, path, openFlags.write, {});
    await resize(file.fd, attributes.sizeBytes);
  }
  changeAt(tree, path, attributes);
}

async function setOpen(tree: Tree, handle: OpenHandle, attributes: Attributes): Promise<undefined> {
  if (attributes.sizeBytes !== undefined) await resize(handle.found.fd, attributes.sizeBytes);
  change(tree, handle.path, handle.found, attributes);
}

async function namesReply({ tree, handles }: Desk, request: Asked<'readdir'>): Promise<Buffer> {
  const { id } = request;
  const handle = handles.get(request.handle);
  const names = await nextNames(handle, namesPerReply);
  if (names.length === 0) return statusReply(id, statusCodes.endOfFile, 'end of directory');
  const entries = names.flatMap((name) => {
    const status = statusOfEntry(tree, handle.found, name);
    return status ? [Buffer.concat([string(name), string(longName(name, status)), attributeBytes(status)])] : [];
  });
  return packet(packetTypes.name, id, uint32(entries.length), ...entries);
}

const attributesReply = (id: number, status: Parameters<typeof attributeBytes>[0]) =>
  packet(packetTypes.attributes, id, attributeBytes(status));

const nameReply = (id: number, name: Buffer) =>
  packet(packetTypes.name, id, uint32(1), string(name), string(name), noAttributes);

function linkReply({ top }: Tree, id: number, path: Buffer): Buffer {
  using found = findEntry(top, path);
  if (!statusOf(found).isSymbolicLink()) throw refuse('invalid', path, 'is not a link');
  return nameReply(id, linkTargetBytes(found));
}

/** Absolute, without `.` and `..`; links stay, as the client has them in its paths. */
function plainPath(path: Buffer): Buffer {
  const parts: string[] = [];
  for (const part of path.toString('latin1').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return Buffer.from(`/${parts.join('/')}`, 'latin1');
}

function spaceReply(tree: Tree, id: number, path: Buffer): Buffer {
  const space = spaceAt(tree, path);
  const { blockBytes, blocks, free, available, files, freeFiles } = space;
  const longestName = 255;
  const values = [blockBytes, blockBytes, blocks, free, available, files, freeFiles, freeFiles, 0, 0, longestName];
  return packet(packetTypes.extendedReply, id, ...values.map(uint64));
}

const codes: Partial<Record<FileRefused['reason'], StatusCode>> = {
  'not-found': statusCodes.noSuchFile,
  'read-only': statusCodes.permissionDenied,
};

function refusalReply(id: number, error: unknown): Buffer {
  if (error instanceof FileRefused) return statusReply(id, codes[error.reason] ?? statusCodes.failure, error.message);
  if (!(error instanceof HostError)) throw error;
  const denied = error.errno === 'EACCES' || error.errno === 'EPERM';
  return statusReply(id, denied ? statusCodes.permissionDenied : statusCodes.failure, error.errno ?? 'failed');
}
