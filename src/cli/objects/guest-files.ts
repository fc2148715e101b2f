/** Files of a guest over the API: what a path means, what a file is, and how its owner travels in headers. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { ClientError } from '../../client/client-error.ts';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';

export type GuestPath = { instance: string; path: string };
export type FileKind = 'file' | 'directory' | 'symlink';
export type FileMeta = { kind: FileKind; uid: number; gid: number; mode: number };
export type Owner = { uid?: number | undefined; gid?: number | undefined; mode?: number | undefined };

/** `web/etc/hosts` is /etc/hosts in web; a last slash stays: it says "into this directory". */
export function parseGuestPath(word: string): GuestPath {
  const at = word.indexOf('/');
  if (at <= 0) throw usageError(`"${word}" is no path in a guest`, 'write NAME/path, like web/etc/hosts');
  const path = word.slice(at).replace(/\/{2,}/g, '/');
  return { instance: word.slice(0, at), path };
}

export function metaOf(headers: IncomingHttpHeaders): FileMeta {
  const header = (name: string) => {
    const value = headers[`x-incus-${name}`] ?? headers[`x-lxd-${name}`];
    return typeof value === 'string' ? value : undefined;
  };
  const kind = header('type');
  return {
    kind: kind === 'directory' || kind === 'symlink' ? kind : 'file',
    uid: Number(header('uid') ?? 0),
    gid: Number(header('gid') ?? 0),
    mode: Number.parseInt(header('mode') ?? '644', 8),
  };
}

export async function readGuestFile(context: Context, { instance, path }: GuestPath) {
  const answer = await context.client.raw('GET /1.0/instances/{name}/files', {
    params: { name: instance },
    query: { path },
  });
  return { meta: metaOf(answer.headers), answer };
}

export async function entriesOf(answer: IncomingMessage): Promise<string[]> {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  const { metadata } = JSON.parse(Buffer.concat(parts).toString()) as { metadata: string[] | null };
  return metadata ?? [];
}

/** The kind of what is there, or undefined when nothing is. */
export async function kindOf(context: Context, { instance, path }: GuestPath): Promise<FileKind | undefined> {
  try {
    const answer = await context.client.raw('HEAD /1.0/instances/{name}/files', {
      params: { name: instance },
      query: { path },
    });
    answer.resume();
    return metaOf(answer.headers).kind;
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) return undefined;
    throw error;
  }
}

export async function writeGuestFile(
  context: Context,
  { instance, path }: GuestPath,
  what: { kind: FileKind; content?: Readable | Uint8Array | undefined; owner?: Owner },
): Promise<void> {
  const { kind, content, owner = {} } = what;
  const headers: Record<string, string> = {
    'X-Incus-type': kind,
    'X-Incus-write': 'overwrite',
    'Content-Type': 'application/octet-stream',
  };
  if (owner.uid !== undefined) headers['X-Incus-uid'] = String(owner.uid);
  if (owner.gid !== undefined) headers['X-Incus-gid'] = String(owner.gid);
  if (owner.mode !== undefined) headers['X-Incus-mode'] = `0${owner.mode.toString(8)}`;
  const upload = content ?? new Uint8Array();
  await context.client.call('POST /1.0/instances/{name}/files', {
    params: { name: instance },
    query: { path },
    headers,
    upload,
  });
}
