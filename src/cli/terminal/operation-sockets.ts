/** Connects to the data streams of a websocket operation; their secrets are in its metadata. */
import type { Operation } from '../../api/resources/operations.ts';
import type { WebSocketConnection } from '../../client/websocket.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';

export async function connectStream(
  context: Context,
  operation: Operation,
  stream: string,
): Promise<WebSocketConnection> {
  const fds = operation.metadata?.fds as Record<string, string> | undefined;
  const secret = fds?.[stream];
  if (secret === undefined) {
    throw new CliError(`The server gave no "${stream}" stream for this operation`, { help: 'gast version' });
  }
  return context.client.websocket(`/1.0/operations/${operation.id}/websocket?secret=${encodeURIComponent(secret)}`);
}

export const controlMessage = {
  resize: (width: number, height: number) =>
    JSON.stringify({ command: 'window-resize', args: { width: String(width), height: String(height) }, signal: 0 }),
  signal: (signal: number) => JSON.stringify({ command: 'signal', args: null, signal }),
};
