/** Connections to servers inside this process, in place of TLS: names, pins and refusals are as on a network. */
import type { Duplex } from 'node:stream';
import { RemoteRefused } from '../../src/core/ports/remotes.ts';
import type { Dialled } from '../../src/remotes/dial.ts';

export type InsideServer = {
  /** PEM text. */
  certificate: string;
  connect(): Promise<Duplex>;
};

/** `servers` by their origin (`https://other:8443`). */
export function connectInside(servers: ReadonlyMap<string, InsideServer>): (to: Dialled) => Promise<Duplex> {
  return async ({ url, pinned, signal }) => {
    signal?.throwIfAborted();
    const server = servers.get(url.origin);
    if (!server) throw new RemoteRefused(0, `cannot reach ${url.origin}: nobody listens there`);
    if (pinned !== server.certificate)
      throw new RemoteRefused(
        0,
        `cannot reach ${url.origin}: it shows another certificate than the one that it is known by`,
      );
    return server.connect();
  };
}
