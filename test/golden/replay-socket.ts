/** One recorded websocket against ours: sends what the client sent, collects what our server sends. */
import { WebSocket } from 'ws';
import { compare, type Difference } from './compare.ts';
import type { Names } from './names.ts';
import { type Exchange, type Frame, isObject } from './recording.ts';

export type ReplaySocket = {
  /** Resolves when our server has sent what the recorded one did, or after a while without it. */
  settled(): Promise<void>;
  compare(names: Names): Difference[];
  close(): void;
};

type Message = { binary: boolean; data: Buffer };
const patienceMs = 1_500;

export async function openSocket(socketPath: string, url: string, exchange: Exchange): Promise<ReplaySocket> {
  const socket = new WebSocket(`ws+unix:${socketPath}:${url}`);
  const messages: Message[] = [];
  let look = () => {};
  let status = 101;
  socket.on('message', (data: Buffer, binary: boolean) => {
    messages.push({ binary, data });
    look();
  });
  socket.on('close', () => look());
  await new Promise<void>((resolve) => {
    socket.on('open', resolve);
    socket.on('unexpected-response', (_request, response) => {
      status = response.statusCode ?? 0;
      resolve();
    });
    socket.on('error', () => resolve());
  });
  const isEvents = exchange.url.startsWith('/1.0/events');
  const frames = exchange.frames ?? [];
  for (const frame of frames) if (frame.dir === 'client') sendFrame(socket, frame);
  const isComplete = () =>
    isEvents ? finals(parsed(messages)) >= finals(eventsOf(frames)) : bytesOf(messages) >= frameBytes(frames);
  return {
    async settled() {
      if (status !== 101 || isComplete()) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        look = () => {
          if (!isComplete() && socket.readyState === socket.OPEN) return;
          clearTimeout(timer);
          resolve();
        };
      });
    },
    compare(names) {
      if (status !== exchange.status)
        return [{ path: 'status', kind: 'value', recorded: exchange.status, ours: status }];
      return isEvents ? compareEvents(frames, messages, names) : compareBytes(exchange, frames, messages);
    },
    close: () => socket.terminate(),
  };
}

function sendFrame(socket: WebSocket, frame: Frame): void {
  if (socket.readyState !== socket.OPEN) return;
  const text = frame.json === undefined ? (frame.data ?? '') : JSON.stringify(frame.json);
  if (frame.op === 'text') socket.send(text, { binary: false });
  else if (frame.op === 'binary') socket.send(text, { binary: true });
}

const bytesOf = (messages: readonly Message[]) =>
  messages.reduce((sum, { binary, data }) => sum + (binary ? data.length : 0), 0);
const frameBytes = (frames: readonly Frame[]) =>
  frames.reduce(
    (sum, { dir, op, data }) => sum + (dir === 'server' && op === 'binary' ? Buffer.byteLength(data ?? '') : 0),
    0,
  );

type OperationEvent = { type: string; metadata: Record<string, unknown> };
const eventsOf = (frames: readonly Frame[]) =>
  frames.flatMap(({ dir, json }) => (dir === 'server' && isObject(json) ? [json as OperationEvent] : []));
const parsed = (messages: readonly Message[]) =>
  messages.map(({ data }) => JSON.parse(data.toString('utf8')) as OperationEvent);
const isFinal = (event: OperationEvent) => event.type === 'operation' && Number(event.metadata.status_code) >= 200;
const finals = (events: readonly OperationEvent[]) =>
  new Set(events.filter(isFinal).map(({ metadata }) => metadata.id)).size;

/** How each operation ended, and which lifecycle events came; progress in between is the server's own affair. */
function compareEvents(frames: readonly Frame[], messages: readonly Message[], names: Names): Difference[] {
  const recorded = eventsOf(frames);
  const ours = parsed(messages);
  const found: Difference[] = [];
  for (const event of recorded.filter(isFinal)) {
    const partner = ours.filter(isFinal).find(({ metadata }) => metadata.id === names.here(String(event.metadata.id)));
    if (!partner)
      found.push({ path: 'final event', kind: 'missing', recorded: event.metadata.description, ours: undefined });
    else found.push(...compare({ event }, { event: partner }, names));
  }
  for (const event of recorded.filter(({ type }) => type === 'lifecycle')) {
    const partner = ours.find(
      ({ type, metadata }) => type === 'lifecycle' && metadata.action === event.metadata.action,
    );
    const path = `lifecycle ${event.metadata.action}`;
    if (!partner) found.push({ path, kind: 'missing', recorded: event.metadata.action, ours: undefined });
    else found.push(...compare({ [path]: event.metadata }, { [path]: partner.metadata }, names));
  }
  return found;
}

/** What came over a pipe is compared byte by byte; a terminal's echo comes in other pieces each time. */
function compareBytes({ url }: Exchange, frames: readonly Frame[], messages: readonly Message[]): Difference[] {
  const recorded = frames
    .filter(({ dir, op }) => dir === 'server' && op === 'binary')
    .map(({ data }) => data ?? '')
    .join('');
  const ours = messages.map(({ binary, data }) => (binary ? data.toString('utf8') : '')).join('');
  const isTerminal = frames.some(({ data }) => data?.includes('\u001b')) || recorded.includes('\r');
  if (isTerminal ? (ours === '') === (recorded === '') : ours === recorded) return [];
  return [{ path: `bytes of ${url.replace(/\?.*/, '')}`, kind: 'value', recorded, ours }];
}
