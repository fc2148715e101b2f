/** Upgrades requests to protocols without frames (SFTP) after every refusal had its chance. */
import type { Duplex } from 'node:stream';
import { fail } from '../api/errors.ts';
import type { AcceptConnection } from '../api/handlers.ts';
import type { Route, RouteTable } from '../api/route.ts';
import type { Exchange } from './exchange.ts';

/** Names of the protocols that routes can upgrade to, as they stand in the `Upgrade` header. */
export function upgradeNames(routes: RouteTable): Set<string> {
  return new Set(['websocket', ...Object.values(routes).flatMap(({ upgrade }) => upgrade ?? [])]);
}

/** Throws `request.invalid` when the client did not ask for what this route speaks. */
export function checkUpgrade({ upgrade = '' }: Route, exchange: Exchange): void {
  const { request } = exchange;
  if (exchange.upgrade === undefined || request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== upgrade)
    fail('request.invalid', { reason: `the header "Upgrade: ${upgrade}" is missing` });
}

/** Hands the connection over, also when the client has gone meanwhile: whoever prepared for it hears of it there. */
export function acceptUpgrade({ upgrade = '' }: Route, exchange: Exchange, accept: AcceptConnection): void {
  const { request, response } = exchange;
  const socket: (Duplex & { setKeepAlive?(on: boolean, afterMs: number): void }) | undefined = exchange.upgrade?.socket;
  if (socket === undefined) return;
  response.detachSocket(request.socket);
  // Nothing else would notice that a peer at the other end of a network has gone.
  socket.setKeepAlive?.(true, 60_000);
  if (!socket.destroyed)
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`);
  // What came right after the headers belongs to the new protocol.
  const head = exchange.upgrade?.head;
  if (head && head.length > 0 && !socket.destroyed) socket.unshift(head);
  accept(socket);
}
