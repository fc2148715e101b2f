/**
 * Connections to other servers for a daemon that lives in a network namespace of its own: made in the host's network, where
 * the host's own addresses are servers, too (another user's daemon, or root's).
 */
import { lookup } from 'node:dns/promises';
import { Socket } from 'node:net';
import { HostError } from '../lib/host-error.ts';
import { openConnection } from './proxy-sockets.ts';

/** A socket that is connecting. Of several addresses the first that the host has a way to. */
export async function connectFromHost(host: string, port: number): Promise<Socket> {
  let last: unknown;
  for (const { address } of await lookup(host, { all: true, order: 'ipv4first' })) {
    try {
      return new Socket({ fd: openConnection({}, { host: address, port }, undefined), readable: true, writable: true });
    } catch (error) {
      last = error;
    }
  }
  const errno = last instanceof HostError ? last.errno : undefined;
  throw Object.assign(new Error(`${host}:${port}: ${errno}`, { cause: last }), { code: errno });
}
