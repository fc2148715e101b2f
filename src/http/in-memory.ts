/** Requests without a socket: the same bytes through the same server, over a pair of streams inside the process. */
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Envelope } from '../api/status.ts';

export type InjectRequest = {
  method: string;
  url: string;
  headers?: Record<string, string>;
  /** Strings, bytes and streams go as they are; anything else as JSON. */
  body?: unknown;
};
export type InjectReply = {
  status: number;
  headers: IncomingMessage['headers'];
  bytes: Buffer;
  text: string;
  /** The parsed envelope. */
  json(): Envelope;
};

export async function injectOver(connection: Duplex, asked: InjectRequest): Promise<InjectReply> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { content, headers } = encode(asked.body);
  const call = request({
    method: asked.method,
    path: asked.url,
    headers: { Host: 'unix.socket', Connection: 'close', ...headers, ...asked.headers },
    createConnection: () => connection,
  });
  call.once('response', resolve).once('error', reject);
  call.once('close', () => reject(new Error('the connection was closed without a reply')));
  if (isStream(content)) content.pipe(call);
  else call.end(content);
  const response = await promise;
  const bytes = await buffer(response);
  const text = bytes.toString();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    bytes,
    text,
    json: () => JSON.parse(text) as Envelope,
  };
}

type Content = string | Uint8Array | NodeJS.ReadableStream | undefined;

function encode(body: unknown): { content: Content; headers: Record<string, string> } {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array || isStream(body)) {
    const length = typeof body === 'string' || body instanceof Uint8Array ? Buffer.byteLength(body) : undefined;
    return { content: body, headers: length === undefined ? {} : { 'Content-Length': String(length) } };
  }
  const text = JSON.stringify(body);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) };
  return { content: text, headers };
}

function isStream(value: unknown): value is NodeJS.ReadableStream {
  return typeof value === 'object' && value !== null && 'pipe' in value;
}
