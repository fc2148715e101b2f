/** A websocket to an operation of another server, as the same `Channel` that our own server gives. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Channel } from '../api/handlers.ts';
import { createChannel } from '../http/channel.ts';
import { defaultLimits } from '../http/limits.ts';
import { reasonOf, unreachable } from './dial.ts';
import { readAnswer } from './read-answer.ts';

const handshakeMs = 30_000;

export function openWebsocket(
  connection: Duplex,
  url: URL,
  userAgent: string,
  signal: AbortSignal | undefined,
): Promise<Channel> {
  const socket = new WebSocket(`wss://${url.host}${url.pathname}${url.search}`, {
    createConnection: () => connection as Socket,
    headers: { 'User-Agent': userAgent },
    perMessageDeflate: false,
    maxPayload: defaultLimits.websocketMessageBytes,
    handshakeTimeout: handshakeMs,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Channel>();
  const abort = () => {
    socket.terminate();
    reject(signal?.reason);
  };
  signal?.addEventListener('abort', abort, { once: true });
  socket.once('unexpected-response', (_request, answer: IncomingMessage) => {
    readAnswer(answer, url).then(() => reject(unreachable(url, `${url.pathname} is no websocket`)), reject);
  });
  socket.on('error', (error) => reject(unreachable(url, reasonOf(error), error)));
  socket.once('close', () => signal?.removeEventListener('abort', abort));
  // Before anything can arrive: the channel keeps what comes before its first listener.
  socket.once('open', () => {
    const { channel, beat } = createChannel(socket, defaultLimits);
    const pulse = setInterval(() => beat(Date.now()), defaultLimits.pingEveryMs).unref();
    channel.onClose(() => clearInterval(pulse));
    resolve(channel);
  });
  return promise;
}
