/**
 * An SFTP session on a connection, from its first byte to its last. Reads and writes of a client run side by side, as many
 * as fit into the window; everything else waits for them and goes in order. A client that does not read gets no more.
 */
import type { Duplex } from 'node:stream';
import type { GuestRoot, SftpOptions } from '../../core/ports/files.ts';
import { openRootDirectory } from '../../host/openat.ts';
import { answer, type Desk } from './answer.ts';
import { createHandles } from './handles.ts';
import { packetsOf } from './packet-reader.ts';
import { extensionVersions, type Request, readRequest, requestId } from './requests.ts';
import {
  BrokenPacket,
  packet,
  packetTypes,
  readFields,
  statusCodes,
  statusReply,
  string,
  uint32,
  version,
} from './wire.ts';

/** Requests of one client at work at the same time: enough for the disk, not so many that others wait for theirs. */
const windowSize = 8;
/** A client that was asked to end is done when it has nothing open and asks nothing for so long ... */
const quietMs = 200;
/** ... or asks nothing for so long with something open ... */
const forgottenMs = 5_000;
/** ... or goes on for so long. */
const patienceMs = 60_000;
/** Time to read the last replies. */
const lingerMs = 5_000;

type Session = Desk & { connection: Duplex; working: Set<Promise<void>>; busy: number; lastMs: number };

/** Resolves when the session is over, for whatever reason: everything is closed then. */
export async function serveSftp(root: GuestRoot, connection: Duplex, options: SftpOptions): Promise<void> {
  using handles = createHandles();
  using top = openRootDirectory(root.path);
  const tree = { root, top };
  const session: Session = { tree, handles, connection, working: new Set(), busy: 0, lastMs: Date.now() };
  const end = () => connection.destroy();
  connection.on('error', () => {});
  options.signal.addEventListener('abort', end, { once: true });
  if (options.signal.aborted) end();
  const stopWatching = endWhenQuiet(session, options.wanted);
  try {
    await serve(session);
  } catch (error) {
    // What came was no SFTP, or the connection broke: that ends the session and is nobody's failure.
    if (!(error instanceof BrokenPacket) && !connection.destroyed) throw error;
  } finally {
    stopWatching();
    options.signal.removeEventListener('abort', end);
    await Promise.allSettled(session.working);
    const timer = setTimeout(end, lingerMs).unref();
    connection.once('close', () => clearTimeout(timer));
    connection.end(end);
  }
}

async function serve(session: Session): Promise<void> {
  const { connection, working } = session;
  let greeted = false;
  // A client that has sent its last request may still wait for the reply: its end is not ours.
  for await (const bytes of packetsOf(connection.iterator({ destroyOnReturn: false }))) {
    session.lastMs = Date.now();
    if (!greeted) {
      connection.write(greeting(bytes));
      greeted = true;
      continue;
    }
    const request = requestOf(session, bytes);
    if (!request) continue;
    const alone = !isData(session, request);
    while (working.size >= (alone ? 1 : windowSize)) await Promise.race(working);
    const work = replyTo(session, request).finally(() => working.delete(work));
    working.add(work);
    if (alone) await work;
    if (connection.writableNeedDrain) await drained(connection);
  }
}

async function replyTo(session: Session, request: Request): Promise<void> {
  session.busy += 1;
  try {
    const reply = await answer(session, request);
    if (!session.connection.destroyed) session.connection.write(reply);
  } catch (error) {
    session.connection.destroy(error as Error);
  } finally {
    session.busy -= 1;
    session.lastMs = Date.now();
  }
}

function greeting(bytes: Buffer): Buffer {
  if (bytes[0] !== packetTypes.init || readFields(bytes, 1).uint32() < version)
    throw new BrokenPacket('no greeting of an SFTP client');
  const extensions = Object.entries(extensionVersions).flat().map(string);
  return packet(packetTypes.version, undefined, uint32(version), ...extensions);
}

/** Undefined when it made no sense and was answered. */
function requestOf({ connection }: Session, bytes: Buffer): Request | undefined {
  try {
    return readRequest(bytes);
  } catch (error) {
    const id = requestId(bytes);
    if (!(error instanceof BrokenPacket) || id === undefined) throw error;
    connection.write(statusReply(id, statusCodes.badMessage, error.message));
    return undefined;
  }
}

/** Data goes side by side; not at the end of a file, where the order counts. */
function isData({ handles }: Session, request: Request): boolean {
  if (request.ask === 'read') return true;
  return request.ask === 'write' && !handles.appends(request.handle);
}

async function drained(connection: Duplex): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  connection.once('drain', resolve).once('close', resolve);
  await promise;
  connection.off('drain', resolve).off('close', resolve);
}

/** Somebody else needs the guest's files: the client may finish what it is doing. */
function endWhenQuiet(session: Session, wanted: AbortSignal | undefined): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watch = () => {
    const sinceMs = Date.now();
    timer = setInterval(() => {
      const now = Date.now();
      const quietForMs = session.busy > 0 ? 0 : now - session.lastMs;
      const isQuiet = quietForMs >= (session.handles.size === 0 ? quietMs : forgottenMs);
      if (isQuiet || now - sinceMs > patienceMs) session.connection.destroy();
    }, quietMs / 2).unref();
  };
  if (wanted?.aborted) watch();
  else wanted?.addEventListener('abort', watch, { once: true });
  return () => {
    wanted?.removeEventListener('abort', watch);
    clearInterval(timer);
  };
}
