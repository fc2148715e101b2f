/**
 * What a route is. The contract is pure data: a table from "METHOD /path/{param}" to a `Route`; the server, the client,
 * OpenAPI and the reference are all made from it.
 */
import type { Static, TSchema } from 'typebox';

/**
 * Who may call: `public` everybody, `view` who may read, `operate` who may use guests (exec, console, start, stop),
 * `manage` who may create and change, `admin` who may change the server itself, `secret` who may manage, and strangers with
 * a secret that the handler checks.
 */
export type Access = 'public' | 'view' | 'operate' | 'manage' | 'admin' | 'secret';

/**
 * How a route answers. `sync`: envelope with the value; `created`: 201 and Location; `async`: 202 and an operation;
 * `varied`: one of these three, by what was asked for; `raw`: the handler's own body (or an envelope); `websocket`: the
 * connection is taken over; `upgrade`: it speaks another protocol (`upgrade` of the route), without frames.
 */
export type Answer = 'sync' | 'created' | 'async' | 'varied' | 'raw' | 'websocket' | 'upgrade';

export type Route = {
  /** One sentence in the imperative; it becomes the OpenAPI summary and the reference text. */
  summary: string;
  access: Access;
  answer: Answer;
  /** Query parameters; all optional, all strings on the wire. */
  query?: TSchema;
  /** JSON body. */
  body?: TSchema;
  /** Bodies that are not JSON come as a stream (uploads). */
  stream?: true;
  /** The value in the envelope's metadata. */
  reply?: TSchema;
  /** What the connection speaks from then on, as the `Upgrade` header names it; with the answer `upgrade`. */
  upgrade?: string;
  /** Fields of the reply that a PUT can change; the ETag is their hash. */
  etag?: readonly string[];
  /** The documented extension beyond Incus that this route belongs to. */
  extension?: string;
};

export type RouteTable = Record<`${'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`, Route>;

/** Names between braces in a route key. */
export type ParamNames<K extends string> = K extends `${string}{${infer P}}${infer Rest}`
  ? P | ParamNames<Rest>
  : never;
export type Params<K extends string> = { [P in ParamNames<K>]: string };

type StaticOr<S, Otherwise> = S extends TSchema ? Static<S> : Otherwise;
export type QueryOf<R extends Route> = StaticOr<R['query'], Record<string, never>>;
export type BodyOf<R extends Route> = StaticOr<R['body'], undefined>;
export type ReplyOf<R extends Route> = StaticOr<R['reply'], unknown>;
