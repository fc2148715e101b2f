/** What one caller may cost the server. Every figure can be changed by the assembly; tests make them small. */
export type Limits = {
  /** Largest JSON body; uploads are streams and have no limit here. */
  jsonBytes: number;
  /** Deepest nesting of a JSON body. */
  jsonDepth: number;
  /** Most members and elements in a JSON body, all levels together. */
  jsonValues: number;
  /** Time for the request line and headers, from the first moment of the connection on. */
  headersTimeoutMs: number;
  /** Time for a whole JSON body. */
  bodyTimeoutMs: number;
  /** Time that an idle connection is kept for the next request. */
  keepAliveTimeoutMs: number;
  /** Time that a reader of a raw answer may take nothing at all. */
  stalledReaderTimeoutMs: number;
  /** Time that a connection stays half open after a refused upload, so that the client can read why. */
  lingerMs: number;
  connections: number;
  websocketMessageBytes: number;
  /** Unread bytes after which a websocket peer is given up. */
  websocketBacklogBytes: number;
  pingEveryMs: number;
  pongTimeoutMs: number;
  /** Time that running requests get when the server closes. */
  closeGraceMs: number;
};

const MiB = 1024 * 1024;

export const defaultLimits: Limits = {
  jsonBytes: 4 * MiB,
  jsonDepth: 64,
  jsonValues: 50_000,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  keepAliveTimeoutMs: 60_000,
  stalledReaderTimeoutMs: 300_000,
  lingerMs: 1_000,
  connections: 4096,
  websocketMessageBytes: 16 * MiB,
  websocketBacklogBytes: 32 * MiB,
  pingEveryMs: 5_000,
  pongTimeoutMs: 60_000,
  closeGraceMs: 3_000,
};
