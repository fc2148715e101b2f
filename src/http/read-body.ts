/** Takes the body off the wire: JSON into memory within limits, everything else as the stream that it is. */
import type { IncomingMessage } from 'node:http';
import { fail } from '../api/errors.ts';
import type { Identity } from '../api/handlers.ts';
import type { Route } from '../api/route.ts';
import { type Exchange, hasBody } from './exchange.ts';
import type { Limits } from './limits.ts';
import { parseJson } from './safe-json.ts';

export type Body = { json: unknown; stream: IncomingMessage | undefined };

/** How the body of this request is to be read. */
export function bodyKind(route: Route, request: IncomingMessage, identity: Identity): 'none' | 'json' | 'stream' {
  if (route.body === undefined) return route.stream ? 'stream' : 'none';
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === '' || type === 'application/json') return 'json';
  if (route.stream) return 'stream';
  if (type === 'application/x-www-form-urlencoded' && !fromBrowser(request, identity)) return 'json';
  return fail('request.invalid', { reason: `the content type is "${type}", this address takes application/json` });
}

/**
 * `curl -d` calls everything a form. So do the pages of other sites, in whose name a browser would show its certificate;
 * but it says so in these headers, and it never speaks to a unix socket.
 */
function fromBrowser({ headers }: IncomingMessage, identity: Identity): boolean {
  return identity.protocol !== 'unix' && (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined);
}

export async function readBody(
  route: Route,
  exchange: Exchange,
  identity: Identity,
  { limits, signal }: { limits: Limits; signal: () => AbortSignal },
): Promise<Body> {
  const { request, response } = exchange;
  const kind = bodyKind(route, request, identity);
  if (kind === 'none') return { json: null, stream: undefined };
  if (kind === 'json' && Number(request.headers['content-length'] ?? 0) > limits.jsonBytes) tooLarge(limits.jsonBytes);
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  if (kind === 'stream') return { json: null, stream: request };
  if (!hasBody(request)) return { json: null, stream: undefined };
  const bytes = await collect(request, limits, signal());
  return { json: parseJson(bytes, { maxDepth: limits.jsonDepth, maxValues: limits.jsonValues }), stream: undefined };
}

function collect(request: IncomingMessage, limits: Limits, signal: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const attempt = (work: () => never) => {
    try {
      work();
    } catch (error) {
      request.pause();
      reject(error);
    }
  };
  const late = () =>
    attempt(() => fail('request.invalid', { reason: `the body took longer than ${limits.bodyTimeoutMs / 1000} s` }));
  const timer = setTimeout(late, limits.bodyTimeoutMs);
  const gone = () => reject(signal.reason);
  const take = (chunk: Buffer) => {
    size += chunk.length;
    if (size > limits.jsonBytes) attempt(() => tooLarge(limits.jsonBytes));
    else chunks.push(chunk);
  };
  const end = () => resolve(Buffer.concat(chunks));
  request.on('data', take).once('end', end).once('error', reject);
  signal.addEventListener('abort', gone, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', gone);
    request.off('data', take).off('end', end).off('error', reject);
    // A connection that breaks later must find a listener.
    request.on('error', () => {});
  });
}

function tooLarge(limitBytes: number): never {
  return fail('request.too-large', { limit: `${Math.floor(limitBytes / 1024)} KiB` });
}
