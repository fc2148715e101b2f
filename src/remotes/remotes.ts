/**
 * The remotes port over HTTPS. Each call has a connection of its own, opened by dial.ts: whom we talk to is known before
 * anything is sent, and ending the call ends the connection.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { OwnCertificate } from '../core/ports/own-certificate.ts';
import { type RemoteAddress, type RemoteCall, RemoteRefused, type Remotes } from '../core/ports/remotes.ts';
import { type Dialled, dial, reasonOf, unreachable } from './dial.ts';
import { readAnswer } from './read-answer.ts';
import { openWebsocket } from './remote-websocket.ts';
import { endWhenSilent } from './silence.ts';

export type RemotesOptions = {
  own(): OwnCertificate;
  userAgent: string;
  /** For the connection and the handshake. @default 10000 */
  connectTimeoutMs?: number;
  /** A download that gives no byte for so long is over. @default 60000 */
  silenceMs?: number;
  /** How connections are made; tests make them inside the process. */
  connect?(to: Dialled): Promise<Duplex>;
};

type Hop = { url: URL; pinned: string | undefined; own: OwnCertificate | undefined };

const redirects = new Set([301, 302, 303, 307, 308]);
const mostRedirects = 5;

export function createRemotes(options: RemotesOptions): Remotes {
  const { connectTimeoutMs = 10_000, silenceMs = 60_000, connect = dial } = options;
  const first = (remote: RemoteAddress, path: string): Hop => ({
    url: addressOf(remote, path),
    pinned: remote.certificate,
    own: options.own(),
  });
  const connection = (hop: Hop, signal: AbortSignal | undefined): Promise<Duplex> =>
    connect({ ...hop, timeoutMs: connectTimeoutMs, signal });
  const send = async (hop: Hop, call: RemoteCall, mostSilentMs?: number): Promise<IncomingMessage> => {
    const socket = await connection(hop, call.signal);
    if (mostSilentMs !== undefined) endWhenSilent(socket, mostSilentMs, (reason) => unreachable(hop.url, reason));
    return exchange(socket, hop.url, call, options.userAgent);
  };

  return {
    async call(remote, call) {
      const hop = first(remote, call.path);
      return readAnswer(await send(hop, call), hop.url, call.signal);
    },
    async download(remote, call) {
      let hop = first(remote, call.path);
      let headers = call.headers;
      for (let count = 0; ; count += 1) {
        const answer = await send(hop, { ...call, headers: headers ?? {} }, silenceMs);
        const { statusCode: status = 0, headers: shown } = answer;
        if (status === 200) return { headers: shown, sizeBytes: sizeOf(shown['content-length']), body: answer };
        if (!redirects.has(status)) return await refuseDownload(answer, hop.url);
        answer.destroy();
        if (count >= mostRedirects) throw unreachable(hop.url, `more than ${mostRedirects} redirects`);
        const next = redirected(hop, call, shown.location);
        if (next.url.origin !== hop.url.origin) headers = undefined;
        hop = next;
      }
    },
    async websocket(remote, path, signal) {
      const hop = first(remote, path);
      return openWebsocket(await connection(hop, signal), hop.url, options.userAgent, signal);
    },
  };
}

function addressOf({ url }: RemoteAddress, path: string): URL {
  const base = URL.parse(url);
  if (base?.protocol !== 'https:' || base.username !== '' || base.password !== '' || !path.startsWith('/'))
    throw new RemoteRefused(0, `"${url}" is not the address of a server: https://host:port is one`);
  const whole = URL.parse(base.origin + path);
  if (whole?.origin !== base.origin) throw new RemoteRefused(0, `"${path}" is not a path of ${base.origin}`);
  return whole;
}

/** A secret belongs to the server that it was given for; the same is true for our certificate and the pin. */
function redirected(from: Hop, call: RemoteCall, location: string | undefined): Hop {
  const url = location === undefined ? null : URL.parse(location, from.url);
  if (url?.protocol !== 'https:') throw unreachable(from.url, `it sends us to "${location ?? ''}", which is not HTTPS`);
  if (from.url.searchParams.has('secret') || call.method !== 'GET')
    throw unreachable(from.url, `it sends us with a secret to ${url.origin}`);
  if (url.origin === from.url.origin) return { ...from, url };
  return { url, pinned: undefined, own: undefined };
}

function sizeOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

async function refuseDownload(answer: IncomingMessage, url: URL): Promise<never> {
  await readAnswer(answer, url);
  throw new RemoteRefused(
    answer.statusCode ?? 0,
    `${url.origin} answered ${answer.statusCode} where bytes were asked for`,
  );
}

function exchange(socket: Duplex, url: URL, call: RemoteCall, userAgent: string): Promise<IncomingMessage> {
  const { method, body, upload, signal } = call;
  const json = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => socket,
      method,
      path: url.pathname + url.search,
      headers: {
        Host: url.host,
        'User-Agent': userAgent,
        Connection: 'close',
        ...(json === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(json)) }),
        ...call.headers,
      },
      ...(signal === undefined ? {} : { signal }),
    });
    const failed = (error: Error) => {
      socket.destroy();
      (upload as Readable | undefined)?.destroy?.();
      reject(signal?.aborted ? signal.reason : unreachable(url, reasonOf(error), error));
    };
    request.on('response', resolve);
    request.on('error', failed);
    if (upload === undefined) {
      request.end(json);
      return;
    }
    upload.on('error', failed);
    upload.pipe(request);
  });
}
