/** Sends the requests of a recording to our server, in their order, and compares every answer, frame and event. */
import { request } from 'node:http';
import type { Readable } from 'node:stream';
import { compare, type Difference } from './compare.ts';
import { createNames, type Names } from './names.ts';
import { rebase } from './rebase.ts';
import { type Exchange, isCut, isObject, type Recording } from './recording.ts';
import { replaySftp } from './replay-sftp.ts';
import { openSocket, type ReplaySocket } from './replay-socket.ts';
import type { Preparation } from './story/scene.ts';

export type Found = Difference & { recording: string; where: string };
/** Stands for the body of an upload, which was not recorded. */
export type Upload = { headers: Record<string, string>; body: Readable };

export type Target = {
  socketPath: string;
  fixed: ReadonlyMap<string, string>;
  upload(recording: Recording, exchange: Exchange): Promise<Upload>;
  /** Bytes that were given out, for the recording that sends them back. */
  keep(recording: Recording, exchange: Exchange, bytes: Buffer): void;
  /** Of such a lifecycle event it is known that it does not come. */
  isAbsent(recording: Recording, action: string): boolean;
  /** `METHOD /path/{param}` of a method and a path. */
  routeOf(method: string, path: string): string;
};

type Answer = { status: number; headers: Record<string, unknown>; body: Buffer };
type Run = {
  target: Target;
  recording: Recording;
  names: Names;
  read: Map<string, { before: unknown; ours: unknown }>;
};

export async function replay(recording: Recording, target: Target): Promise<Found[]> {
  const run: Run = { target, recording, names: createNames(target.fixed), read: new Map() };
  const found: Found[] = [];
  const sockets: { exchange: Exchange; socket: ReplaySocket }[] = [];
  const operations: string[] = [];
  try {
    const open = async (exchange: Exchange) => {
      const socket = await openSocket(target.socketPath, run.names.here(exchange.url), exchange, (action) =>
        target.isAbsent(recording, action),
      );
      sockets.push({ exchange, socket });
    };
    // They were written down when they were answered; the client had opened them before its requests.
    for (const exchange of recording.exchanges) if (exchange.url.startsWith('/1.0/events')) await open(exchange);
    for (const exchange of recording.exchanges) {
      if (exchange.user_agent?.startsWith('Go-http-client')) continue;
      if (exchange.websocket) {
        if (exchange.url.endsWith('/sftp'))
          found.push(
            ...tell(run, exchange, await replaySftp(target.socketPath, run.names.here(exchange.url), exchange)),
          );
        else if (!exchange.url.startsWith('/1.0/events')) await open(exchange);
        continue;
      }
      const answer = await send(run, exchange);
      const location = String(answer.headers.location ?? '');
      if (answer.status === 202 && location.startsWith('/1.0/operations/')) operations.push(location);
      found.push(...differences(run, exchange, answer));
      // The client asks once how far its operation is; then it waits for the event that says it is over.
      if (exchange.method === 'GET' && /^\/1\.0\/operations\/[^/]+$/.test(exchange.url))
        await finished(run, run.names.here(exchange.url));
    }
    for (const operation of operations) await finished(run, operation);
    for (const { socket } of sockets) if (!socket.isEvents) await socket.settled();
    for (const { socket } of sockets) socket.leave();
    for (const { exchange, socket } of sockets) {
      await socket.settled();
      found.push(...tell(run, exchange, socket.compare(run.names)));
    }
  } finally {
    for (const { socket } of sockets) socket.close();
  }
  return found;
}

function differences(run: Run, exchange: Exchange, answer: Answer): Found[] {
  const list: Difference[] = [];
  if (answer.status !== exchange.status) {
    // All else differs then, too.
    const ours = `${answer.status} ${errorOf(parse(answer.body))}`;
    const recorded = `${exchange.status} ${errorOf(exchange.response_body)}`;
    return tell(run, exchange, [{ path: 'status', kind: 'value', recorded, ours }]);
  }
  const recordedLocation = exchange.response_headers?.Location;
  if (recordedLocation && !run.names.matches(recordedLocation, String(answer.headers.location ?? '')))
    list.push({ path: 'Location', kind: 'value', recorded: recordedLocation, ours: answer.headers.location });
  const etag = exchange.response_headers?.Etag;
  if (etag && !run.names.matches(etag, String(answer.headers.etag ?? '')))
    list.push({ path: 'ETag', kind: 'value', recorded: etag, ours: answer.headers.etag });
  const body = exchange.response_body;
  if (isCut(body)) run.target.keep(run.recording, exchange, answer.body);
  if (isObject(body) && !isCut(body)) {
    const ours = parse(answer.body);
    if (exchange.method === 'GET' && isObject(ours))
      run.read.set(exchange.url.split('?')[0] ?? '', { before: body.metadata, ours: ours.metadata });
    list.push(...compare(settledView(body), settledView(ours), run.names));
  }
  return tell(run, exchange, list);
}

const errorOf = (body: unknown): string => (isObject(body) && typeof body.error === 'string' ? body.error : '');

const tell = ({ recording, target }: Run, { method, url }: Exchange, list: readonly Difference[]): Found[] =>
  list.map((difference) => ({ ...difference, recording: recording.name, where: target.routeOf(method, url) }));

/** How far an operation is when it is asked for is chance; how it ended is compared with the events. */
function settledView(envelope: unknown): unknown {
  if (!isObject(envelope)) return envelope;
  const { metadata } = envelope;
  if (!isObject(metadata) || !('may_cancel' in metadata)) return envelope;
  const { status: _, status_code: __, err: ___, metadata: inner, ...rest } = metadata;
  return { ...envelope, metadata: metadata.class === 'task' ? rest : { ...rest, metadata: inner } };
}

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return body.toString('utf8');
  }
};

const dayMs = 24 * 60 * 60 * 1000;

/** Clients say when a backup may go: a day from their now, which has gone by since the recording. */
function stillAhead(body: unknown): unknown {
  if (!isObject(body) || typeof body.expires_at !== 'string' || body.expires_at.startsWith('0001-')) return body;
  return { ...body, expires_at: new Date(Date.now() + dayMs).toISOString() };
}

async function send(run: Run, exchange: Exchange): Promise<Answer> {
  const { target, names, recording } = run;
  const headers: Record<string, string> = { Host: 'unix.socket' };
  for (const [name, value] of Object.entries(exchange.request_headers ?? {}))
    if (/^(If-Match|X-.*|Accept)$/.test(name)) headers[name] = names.here(value);
  const body = exchange.request_body;
  if (isCut(body)) {
    const upload = await target.upload(recording, exchange);
    return call(
      target.socketPath,
      exchange.method,
      names.here(exchange.url),
      { ...headers, ...upload.headers },
      upload.body,
    );
  }
  if (exchange.request_headers?.['Content-Type']) headers['Content-Type'] = exchange.request_headers['Content-Type'];
  const before = run.read.get(exchange.url.split('?')[0] ?? '');
  const value = stillAhead(before ? rebase(body, before.before, before.ours, names) : names.hereDeep(body));
  const text =
    value === undefined || value === '' ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
  return call(target.socketPath, exchange.method, names.here(exchange.url), headers, text);
}

export function call(
  socketPath: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Readable,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    sent.on('error', reject);
    if (body === undefined || typeof body === 'string') sent.end(body);
    else body.pipe(sent);
  });
}

/**
 * The next request may need what this one has begun, and what it was told about it. Operations of websockets and tokens stay
 * as long as they are used.
 */
async function finished({ target, recording, names }: Run, operation: string): Promise<void> {
  const view = await waitFor(target.socketPath, operation);
  for (const { frames = [] } of recording.exchanges)
    for (const { json } of frames)
      if (
        isObject(json) &&
        isObject(json.metadata) &&
        isObject(view) &&
        names.here(String(json.metadata.id)) === view.id
      )
        compare(json.metadata, view, names);
  if (isObject(view) && isObject(view.metadata)) learnImage(recording, view.metadata.fingerprint, names);
}

/** The last event of a long operation may not have been kept: then the request that uses the new image tells its digest. */
function learnImage({ exchanges }: Recording, fingerprint: unknown, names: Names): void {
  const use = exchanges.find(({ method, url }) => method === 'POST' && url === '/1.0/images/aliases')?.request_body;
  if (isObject(use) && typeof use.target === 'string' && typeof fingerprint === 'string')
    names.matches(use.target, fingerprint);
}

async function waitFor(socketPath: string, operation: string): Promise<unknown> {
  const now = parse((await call(socketPath, 'GET', operation)).body);
  if (!isObject(now) || !isObject(now.metadata) || now.metadata.class !== 'task') return undefined;
  const end = parse((await call(socketPath, 'GET', `${operation}/wait?timeout=60`)).body);
  return isObject(end) ? end.metadata : undefined;
}

/** Does what was done between two recordings. */
export async function prepare(
  { prepare: what, body, headers }: Preparation,
  { socketPath, fixed }: Target,
): Promise<void> {
  const [method = '', path = ''] = what.split(' ');
  const text = body === undefined ? undefined : JSON.stringify(createNames(fixed).hereDeep(body));
  const answer = await call(socketPath, method, path, { Host: 'unix.socket', ...headers }, text);
  if (answer.status >= 400) throw new Error(`${what}: ${answer.body.toString('utf8')}`);
  if (answer.status !== 202) return;
  const end = await waitFor(socketPath, String(answer.headers.location));
  if (isObject(end) && end.err !== '') throw new Error(`${what}: ${end.err}`);
}
