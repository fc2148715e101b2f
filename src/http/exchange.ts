/** One request and its reply while they are in the server's hands. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

export type Upgrade = { socket: Duplex; head: Buffer };

export type Exchange = {
  request: IncomingMessage;
  response: ServerResponse;
  params: Record<string, string>;
  query: Record<string, string>;
  /** Present when the client asked for a websocket or another protocol. */
  upgrade: Upgrade | undefined;
};

/** Whether the client announced a body. `request.complete` alone is not enough: it is still false while headers are handled. */
export function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/** Repeated query keys count once, as in Go: the first wins. */
export function firstValues(query: Record<string, string | string[] | undefined>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const key in query) {
    const value = query[key];
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined && key !== '__proto__') values[key] = first;
  }
  return values;
}

/** A signal that is only made when somebody asks for it: most calls are over before the client could go away. */
export function departureSignal(response: ServerResponse): () => AbortSignal {
  let controller: AbortController | undefined;
  return () => {
    if (controller === undefined) {
      const made = new AbortController();
      controller = made;
      const gone = () => {
        if (!response.writableFinished) made.abort(new Error('the client went away'));
      };
      if (response.closed || response.destroyed) gone();
      else response.once('close', gone);
    }
    return controller.signal;
  };
}
