/**
 * The files port for virtual machines that run: the guest itself looks, reads and writes, by a program that is started in it
 * for each request. Nothing of it is trusted beyond its own files.
 */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type FileInfo,
  type FileKind,
  type FileOwner,
  FileRefused,
  type GuestFiles,
  type MachineRoot,
  type PulledFile,
} from '../../core/ports/files.ts';
import { HostError } from '../../lib/host-error.ts';
import { refuse } from '../refusal.ts';
import { ask, finished, start } from './ask.ts';
import { feed } from './feed.ts';

const largestId = 2 ** 32 - 2;
/** More names than anybody reads, as with containers. */
const entriesLimit = 200_000;
const lineFeed = 10;

export function createMachineFiles(): GuestFiles<MachineRoot> {
  const change = async (root: MachineRoot, verb: string, path: string, ...words: string[]) =>
    void (await ask(root, [verb, absolute(path), ...words]));
  return {
    async stat(root, path) {
      const answer = await ask(root, ['stat', absolute(path)]);
      return infoOf(path, answer.toString('latin1').trimEnd());
    },
    pull,
    pushFile,
    async pushDirectory(root, path, owner) {
      checkOwner(path, owner);
      await change(root, 'folder', path, ...idWords({ uid: 0, gid: 0, ...owner }), octal(owner.mode ?? 0o755));
    },
    async pushSymlink(root, path, target, owner) {
      checkOwner(path, owner);
      if (target === '' || target.includes('\0')) throw refuse('invalid', path, 'a link needs a target');
      await change(root, 'link', path, target, ...idWords({ uid: 0, gid: 0, ...owner }));
    },
    async remove(root, path, options) {
      const bare = absolute(path).replace(/(?<=[^/])\/+$/, '');
      await change(root, 'remove', bare, options?.recursive ? 'yes' : 'no');
    },
    async checkSftp(root) {
      await ask(root, ['sftp', '/', 'check']);
    },
    async serveSftp(root, connection, { signal, wanted }) {
      const { session } = await start(root, ['sftp', '/', 'serve']);
      const end = AbortSignal.any([signal, ...(wanted ? [wanted] : [])]);
      const stop = () => connection.destroy();
      end.addEventListener('abort', stop, { once: true });
      try {
        const done = pipeline(session.stdout, connection, { signal: end });
        await Promise.all([pipeline(connection, session.stdin, { end: true }), done]);
      } catch {
        // The client has gone, or has to: what it did is done.
      } finally {
        end.removeEventListener('abort', stop);
        session.kill();
        connection.destroy();
        await session.exitCode;
      }
    },
  };
}

async function pull(root: MachineRoot, path: string): Promise<PulledFile> {
  const asked = await start(root, ['pull', absolute(path)]);
  asked.session.stdin.end();
  const pieces = (asked.session.stdout as AsyncIterable<Buffer> & NodeJS.ReadableStream)[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (!head.includes(lineFeed)) {
    const { value, done } = await pieces.next();
    if (done) {
      await finished(asked, path);
      throw new HostError(`${JSON.stringify(path)}: the machine said nothing about it`);
    }
    head = Buffer.concat([head, value]);
  }
  const at = head.indexOf(lineFeed);
  const content = contentAfter(head.subarray(at + 1), pieces, () => finished(asked, path), asked.session.kill);
  try {
    const info = infoOf(path, head.subarray(0, at).toString('latin1'));
    if (info.kind === 'file') return { ...info, kind: 'file', content: Readable.from(content, { objectMode: false }) };
    const all: Buffer[] = [];
    for await (const piece of content) all.push(piece);
    const text = Buffer.concat(all).toString();
    if (info.kind === 'symlink') return { ...info, kind: 'symlink', target: text };
    const entries = text.split('\0').slice(0, -1);
    if (entries.length > entriesLimit) throw refuse('no-space', path, `has more than ${entriesLimit} entries`);
    return { ...info, kind: 'directory', entries: entries.sort() };
  } catch (error) {
    asked.session.kill();
    throw error;
  }
}

/** Whoever stops reading ends the program in the guest. */
async function* contentAfter(
  first: Buffer,
  pieces: AsyncIterator<Buffer>,
  finish: () => Promise<void>,
  kill: () => void,
): AsyncGenerator<Buffer> {
  let isWhole = false;
  try {
    if (first.length > 0) yield first;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
    await finish();
    isWhole = true;
  } finally {
    if (!isWhole) kill();
  }
}

async function pushFile(
  root: MachineRoot,
  path: string,
  content: NodeJS.ReadableStream,
  options: FileOwner & { append?: boolean; signal?: AbortSignal },
): Promise<void> {
  checkOwner(path, options);
  options.signal?.throwIfAborted();
  const token = randomBytes(24).toString('hex');
  const mode = options.mode === undefined ? '-' : octal(options.mode);
  const words = [token, options.append ? 'yes' : 'no', ...idWords(options), mode];
  const asked = await start(root, ['push', absolute(path), ...words]);
  const failure = await feed(asked.session, content, token, options.signal);
  try {
    await finished(asked, path);
  } catch (refusal) {
    const isOurs = refusal instanceof FileRefused && refusal.reason === 'interrupted';
    throw isOurs && failure ? failure.error : refusal;
  }
}

const kinds: ReadonlyMap<number, FileKind> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);

function infoOf(path: string, line: string): FileInfo {
  const found = /^([0-9a-f]+) (\d+) (\d+) (\d+) (-?\d+)$/.exec(line);
  if (!found) throw new HostError(`${JSON.stringify(path)}: the machine answered ${JSON.stringify(line.slice(0, 80))}`);
  const [mode = 0, uid = 0, gid = 0, sizeBytes = 0, seconds = 0] = found
    .slice(1)
    .map((text, index) => Number.parseInt(text, index === 0 ? 16 : 10));
  const kind = kinds.get(mode & 0o170000);
  if (!kind) throw refuse('special', path, 'is a device, FIFO or socket');
  return { kind, uid, gid, mode: mode & 0o7777, sizeBytes, modified: new Date(seconds * 1000) };
}

function absolute(path: string): string {
  if (path.includes('\0')) throw refuse('invalid', path, 'holds a NUL byte');
  return path.startsWith('/') ? path : `/${path}`;
}

const octal = (mode: number) => mode.toString(8).padStart(4, '0');
const idWords = ({ uid, gid }: FileOwner) => [uid, gid].map((id) => (id === undefined ? '-' : String(id)));

function checkOwner(path: string, { uid, gid, mode }: FileOwner): void {
  for (const id of [uid, gid])
    if (id !== undefined && !(Number.isInteger(id) && id >= 0 && id <= largestId))
      throw refuse('invalid', path, `owner ${id} is no id`);
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777))
    throw refuse('invalid', path, `mode ${mode} is not between 0 and 7777 (octal)`);
}
