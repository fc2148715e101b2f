/** What the server gives a handler, and what it wants back: typed from the route table, so a missing handler does not compile. */
import type { Duplex } from 'node:stream';
import type { Operation } from './resources/operations.ts';
import type { BodyOf, Params, QueryOf, ReplyOf, Route } from './route.ts';

/** Who calls. `username` and `protocol` go into events. */
export type Identity = {
  /** Of a certificate: its fingerprint. */
  username: string;
  protocol: 'unix' | 'tls';
  address: string;
  trusted: boolean;
  /** The projects that a certificate is confined to; absent: all of them. */
  projects?: readonly string[];
  /** Who is not trusted, but known to the host: guests may name this user, or a group of this user, as their owner. */
  local?: { uid: number; name: string; groups: readonly string[] };
  /** May read the metrics and nothing else. */
  only?: 'metrics';
  /** PEM text of the certificate that was shown, trusted or not. */
  certificate?: string;
};

export type Call<K extends string, R extends Route> = {
  params: Params<K>;
  query: QueryOf<R>;
  body: BodyOf<R>;
  /** The body when it is not JSON; read it to its end before answering: what is left unread closes the connection. */
  stream: NodeJS.ReadableStream | undefined;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  identity: Identity;
  /** `default` unless the query names another. */
  project: string;
  /** Aborts when the client goes away. */
  signal: AbortSignal;
  /** Throws `request.etag` when the caller sent If-Match and `current` (the reply of the GET of this path) has another ETag. */
  checkMatch(current: unknown): void;
};

/** A `varied` answer: 200 with a value, 201 with the address of what was made, or 202 with an operation. */
export type VariedReply = { value: unknown } | { location: string } | { operation: Operation };

/**
 * A value whose JSON text is there already, in pieces: large lists keep the text of what rarely changes. Handlers of `sync`
 * routes may return it instead of the value.
 */
export class RenderedJson {
  readonly parts: readonly Uint8Array[];
  constructor(parts: readonly Uint8Array[]) {
    this.parts = parts;
  }
}

/** A `raw` answer: own bytes, or an ordinary value in an envelope. */
export type RawReply =
  | { headers?: Record<string, string>; body: NodeJS.ReadableStream | Uint8Array | string }
  | { headers?: Record<string, string>; value: unknown };

/** The server side of an accepted websocket, as small as core needs it. */
export interface Channel {
  /** Bytes are text already in UTF-8, so that many channels can send the same. */
  sendText(text: string | Uint8Array): void;
  sendBinary(data: Uint8Array): void;
  /** Bytes not yet taken by the network; for back-pressure. */
  readonly bufferedBytes: number;
  /** Resolves when less than `bytes` are buffered, or the channel has closed. */
  drained(bytes: number): Promise<void>;
  onMessage(listener: (data: Uint8Array, isBinary: boolean) => void): void;
  onClose(listener: () => void): void;
  /** Stops reading from the peer until `resume`. */
  pause(): void;
  resume(): void;
  close(code?: number, reason?: string): void;
}
/** Everything that could refuse has to refuse before it is returned; then the connection is upgraded and handed over. */
export type Accept = (channel: Channel) => void;
/** The same for a connection of another protocol; whoever is given it ends it. */
export type AcceptConnection = (connection: Duplex) => void;

type Result<R extends Route> = R['answer'] extends 'async'
  ? Operation
  : R['answer'] extends 'created'
    ? { location: string }
    : R['answer'] extends 'varied'
      ? VariedReply
      : R['answer'] extends 'raw'
        ? RawReply
        : R['answer'] extends 'websocket'
          ? Accept
          : R['answer'] extends 'upgrade'
            ? AcceptConnection
            : ReplyOf<R> | RenderedJson;

export type Handler<K extends string, R extends Route> = (call: Call<K, R>) => Promise<Result<R>> | Result<R>;
export type Handlers<T extends Record<string, Route>> = { [K in keyof T & string]: Handler<K, T[K]> };
