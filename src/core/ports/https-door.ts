/**
 * THE HTTPS DOOR: the one network address where this server can be reached, besides its unix socket. A door that cannot be
 * opened leaves everything as it was.
 */
import type { Duplex } from 'node:stream';

export interface HttpsDoor {
  /** `host:port` where it is open now; undefined when closed. */
  readonly address: string | undefined;
  /**
   * Opens it there instead, or closes it (undefined). Connections that are open stay so. Rejects with a `HostError` when
   * the address cannot be had.
   */
  move(address: string | undefined): Promise<void>;
  /** Who gets the connections from now on; without anybody they are closed. */
  serve(accept: (connection: Duplex) => void): void;
}
