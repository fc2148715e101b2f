/**
 * THE REMOTES PORT: other servers, spoken to over HTTPS: Gasthof, Incus and LXD servers, and simplestreams image servers.
 *
 * Vocabulary. A *remote* is one server at one base address (`https://host:8443`). It is trusted either by its *pinned
 * certificate* (the PEM text must be the one that it shows, whatever names are in it) or, without a pin, by the host's
 * certificate authorities. Our own server certificate is shown to it as client certificate.
 *
 * Laws (test/contract/remotes.suite.ts):
 * - A server with another certificate than the pinned one gets nothing of us: no header, no body.
 * - Error envelopes become `RemoteRefused` with the server's own words; what cannot be reached says the address and why.
 * - Redirects are followed for downloads only (five at most), never with a secret, never from https to http.
 * - Aborting ends the connection at once. Streams have back-pressure in both directions.
 */
import type { Channel } from '../../api/handlers.ts';

export type RemoteAddress = {
  /** `https://host:port`, without a path. */
  url: string;
  /** PEM text of the certificate that the server must show. */
  certificate?: string | undefined;
};

export type RemoteCall = {
  method: string;
  /** Path and query, already escaped. */
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** A body that is not JSON. */
  upload?: NodeJS.ReadableStream;
  signal?: AbortSignal;
};

export type Download = {
  headers: Record<string, string | string[] | undefined>;
  sizeBytes: number | undefined;
  body: NodeJS.ReadableStream;
};

export interface Remotes {
  /** The `metadata` of the envelope of a sync or async answer. */
  call(remote: RemoteAddress, call: RemoteCall): Promise<unknown>;
  /** The bytes of a raw answer. */
  download(remote: RemoteAddress, call: RemoteCall): Promise<Download>;
  /** A websocket, for operations of the other server. */
  websocket(remote: RemoteAddress, path: string, signal?: AbortSignal): Promise<Channel>;
}

/** The other server, or the way to it, refused. */
export class RemoteRefused extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  constructor(status: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RemoteRefused';
    this.status = status;
  }
}
