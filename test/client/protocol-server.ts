/** A small HTTP server that plays the documented protocol, so that the client is tested without a daemon. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Operation } from '../../src/api/resources/operations.ts';

export type Request = { method: string; url: string; headers: IncomingMessage['headers']; body: string };
export type Answer =
  | { status?: number; headers?: Record<string, string>; body: unknown }
  | ((response: ServerResponse) => void);
export type ProtocolServer = AsyncDisposable & {
  socketPath: string;
  requests: Request[];
  /** Sends an event to all who follow them. */
  emit(event: unknown): void;
  followers(): number;
};

export const sync = (metadata: unknown) => ({
  body: { type: 'sync', status: 'Success', status_code: 200, operation: '', error_code: 0, error: '', metadata },
});
export const failure = (status: number, error: string, metadata: unknown = null) => ({
  status,
  body: { type: 'error', status: '', status_code: 0, operation: '', error_code: status, error, metadata },
});
export const operation = (changes: Partial<Operation> = {}): Operation => ({
  id: 'op1',
  class: 'task',
  description: 'Testing',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  status: 'Running',
  status_code: 103,
  resources: {},
  metadata: null,
  may_cancel: false,
  err: '',
  location: 'none',
  ...changes,
});
export const started = (metadata: Operation) => ({
  status: 202,
  body: {
    type: 'async',
    status: 'Operation created',
    status_code: 100,
    operation: `/1.0/operations/${metadata.id}`,
    error_code: 0,
    error: '',
    metadata,
  },
});

export async function openProtocolServer(options: {
  answer(request: Request): Answer | Promise<Answer>;
  onSocket?(socket: WebSocket, url: string): void;
}): Promise<ProtocolServer> {
  const directory = mkdtempSync(join(tmpdir(), 'gast-client-'));
  const socketPath = join(directory, 'unix.socket');
  const requests: Request[] = [];
  const websockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const events = new Set<WebSocket>();
  const server = createServer(async (incoming, response) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const { method = '', url = '', headers } = incoming;
    const request = { method, url, headers, body: Buffer.concat(parts).toString() };
    requests.push(request);
    const answer = await options.answer(request);
    if (typeof answer === 'function') return answer(response);
    response.writeHead(answer.status ?? 200, { 'Content-Type': 'application/json', ...answer.headers });
    response.end(
      typeof answer.body === 'string' || answer.body instanceof Uint8Array ? answer.body : JSON.stringify(answer.body),
    );
  });
  server.on('upgrade', (incoming, socket, head) => {
    websockets.handleUpgrade(incoming, socket, head, (websocket) => {
      const url = incoming.url ?? '';
      if (url.startsWith('/1.0/events')) events.add(websocket);
      websocket.on('close', () => events.delete(websocket));
      options.onSocket?.(websocket, url);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    requests,
    emit: (event) => {
      for (const follower of events) follower.send(JSON.stringify(event));
    },
    followers: () => events.size,
    async [Symbol.asyncDispose]() {
      for (const client of events) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
