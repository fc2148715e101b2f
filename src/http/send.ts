/** Writes replies: JSON envelopes and raw bodies. Nothing else in this room touches a response. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { RawReply, RenderedJson } from '../api/handlers.ts';
import type { Envelope } from '../api/status.ts';
import { errorEnvelope, syncEnvelope } from './envelope.ts';
import { type Exchange, hasBody } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { Refusal } from './refusal.ts';

export type Sender = {
  json(exchange: Exchange, status: number, envelope: Envelope, headers?: OutgoingHttpHeaders): void;
  /** A sync answer whose value is JSON text already. */
  rendered(exchange: Exchange, value: RenderedJson): void;
  refusal(exchange: Exchange, refusal: Refusal): void;
  raw(exchange: Exchange, reply: RawReply): Promise<void>;
};

/** `closing` tells whether connections are to end with their reply. */
export function createSender(limits: Limits, closing: () => boolean): Sender {
  const prepare = (exchange: Exchange) => {
    if (closing() || exchange.upgrade !== undefined) exchange.response.setHeader('Connection', 'close');
    if (hasBody(exchange.request) && !exchange.request.complete) refuseRest(exchange, limits.lingerMs);
  };
  const bytes = (exchange: Exchange, status: number, body: string | Uint8Array, headers: OutgoingHttpHeaders) => {
    prepare(exchange);
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
    exchange.response.writeHead(status, { ...headers, 'Content-Length': length });
    exchange.response.end(exchange.request.method === 'HEAD' ? undefined : body);
  };
  const json: Sender['json'] = (exchange, status, envelope, headers) => {
    if (exchange.response.destroyed) return;
    bytes(exchange, status, JSON.stringify(envelope), { 'Content-Type': 'application/json', ...headers });
  };
  return {
    json,
    rendered(exchange, { parts }) {
      const { response, request } = exchange;
      if (response.destroyed) return;
      prepare(exchange);
      const [head = '', tail = ''] = JSON.stringify(syncEnvelope(null)).split(/null(?=\}$)/);
      const size = parts.reduce((sum, part) => sum + part.byteLength, head.length + tail.length);
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': size });
      if (request.method === 'HEAD') return void response.end();
      // Corked, so that the pieces leave in one call.
      response.cork();
      response.write(head);
      for (const part of parts) response.write(part);
      response.end(tail);
      response.uncork();
    },
    refusal(exchange, { error, help }) {
      json(exchange, error.status, errorEnvelope(error, help), { 'X-Content-Type-Options': 'nosniff' });
    },
    async raw(exchange, reply) {
      if ('value' in reply) return json(exchange, 200, syncEnvelope(reply.value), reply.headers);
      const headers = { 'Content-Type': 'application/octet-stream', ...reply.headers };
      const { body } = reply;
      if (typeof body === 'string' || body instanceof Uint8Array) return bytes(exchange, 200, body, headers);
      prepare(exchange);
      exchange.response.writeHead(200, headers);
      await pour(exchange, body, limits.stalledReaderTimeoutMs);
    },
  };
}

/** A reader that takes nothing for a long time would hold the file and the guest's disk open for ever. */
async function pour(exchange: Exchange, body: NodeJS.ReadableStream, stalledMs: number): Promise<void> {
  const { request, response } = exchange;
  if (request.method === 'HEAD') {
    (body as { destroy?: () => void }).destroy?.();
    response.end();
    return;
  }
  const socket: Partial<Socket> & Pick<Socket, 'destroy'> = request.socket;
  // Connections in memory have no clock.
  socket.setTimeout?.(stalledMs, () => socket.destroy());
  await pipeline(body, response);
  socket.setTimeout?.(0);
}

/**
 * The reply goes out before the body has been read. Node would read the rest of it first, however much that is; closing
 * at once would reset the connection under the client before it has read the reply. So: reply, stop reading, wait a
 * little, close.
 */
function refuseRest({ request, response }: Exchange, lingerMs: number): void {
  response.setHeader('Connection', 'close');
  const socket: Socket = request.socket;
  socket.destroySoon = () => {
    socket.end();
    socket.pause();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };
}
