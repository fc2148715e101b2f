/** A connection of a program here goes on as a websocket to the server, each way at the pace of its reader. */
import type { Socket } from 'node:net';
import type { WebSocketConnection } from '../../client/websocket.ts';

/** Until one of both ends, which ends the other. */
export function joinWebSocket(client: Socket, server: WebSocketConnection): void {
  client.on('data', (chunk: Buffer) => {
    if (server.sendBinary(chunk)) return;
    client.pause();
    server.drained().then(() => client.resume());
  });
  server.onMessage(({ binary, data }) => {
    if (!binary || client.destroyed || client.write(data)) return;
    server.pause();
    client.once('drain', () => server.resume());
  });
  client.on('error', () => {});
  client.once('close', () => server.close());
  server.closed.then(() => client.end());
}
