/** Upgrades requests to websockets after every refusal had its chance, and keeps the open channels alive. */
import { WebSocketServer } from 'ws';
import { fail } from '../api/errors.ts';
import type { Accept } from '../api/handlers.ts';
import { createChannel, type OpenChannel } from './channel.ts';
import type { Exchange } from './exchange.ts';
import type { Limits } from './limits.ts';

export type Websockets = {
  /** Throws `request.invalid` when this is not a proper websocket request. */
  check(exchange: Exchange): void;
  /** Takes the connection over. Does nothing when the client has gone meanwhile. */
  accept(exchange: Exchange, accept: Accept): void;
  /** Tells every peer that the server goes away, and cuts those that have not closed after the time. */
  closeAll(timeoutMs: number): Promise<void>;
};

const keyPattern = /^[+/0-9A-Za-z]{22}==$/;

export function createWebsockets(limits: Limits): Websockets {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.websocketMessageBytes,
  });
  const open = new Set<OpenChannel>();
  let pulse: NodeJS.Timeout | undefined;

  const add = (channel: OpenChannel) => {
    open.add(channel);
    channel.channel.onClose(() => {
      open.delete(channel);
      if (open.size > 0) return;
      clearInterval(pulse);
      pulse = undefined;
    });
    channel.beat(Date.now());
    pulse ??= setInterval(() => {
      const now = Date.now();
      for (const one of open) one.beat(now);
    }, limits.pingEveryMs).unref();
  };

  return {
    check({ request, upgrade }) {
      const { 'sec-websocket-key': key, 'sec-websocket-version': version } = request.headers;
      const proper = request.method === 'GET' && key !== undefined && keyPattern.test(key);
      if (upgrade === undefined || !proper || (version !== '13' && version !== '8')) {
        fail('request.invalid', { reason: 'this address is a websocket, ask for it with a websocket client' });
      }
    },
    accept({ request, response, upgrade }, accept) {
      if (upgrade === undefined || upgrade.socket.destroyed) return;
      response.detachSocket(request.socket);
      server.handleUpgrade(request, upgrade.socket, upgrade.head, (socket) => {
        const channel = createChannel(socket, limits);
        add(channel);
        accept(channel.channel);
      });
    },
    async closeAll(timeoutMs) {
      if (open.size === 0) return;
      const closed = [...open].map(({ channel }) => new Promise<void>((resolve) => channel.onClose(resolve)));
      for (const { channel } of open) channel.close(1001, 'the server is stopping');
      const timer = setTimeout(() => {
        for (const channel of open) channel.terminate();
      }, timeoutMs);
      await Promise.all(closed);
      clearTimeout(timer);
    },
  };
}
