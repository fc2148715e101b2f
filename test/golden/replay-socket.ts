/** One recorded websocket against ours: sends what the client sent, collects what our server sends. */
import { WebSocket } from 'ws';
import { compare, type Difference } from './compare.ts';
import type { Names } from './names.ts';
import { type Exchange, type Frame, isObject } from './recording.ts';

export type ReplaySocket = {
  isEvents: boolean;
  /** Resolves when our server has sent what the recorded one did, or after a while without it. */
  settled(): Promise<void>;
  /** Closes it, if the recorded client did. */
  leave(): void;
  compare(names: Names): Difference[];
  close(): void;
};

type Message = { binary: boolean; data: Buffer };
const patienceMs = 10_000;

export async function openSocket(
  socketPath: string,
  url: string,
  exchange: Exchange,
  isAbsent: (action: string) => boolean,
): Promise<ReplaySocket> {
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
  /** The end of a stream is an empty text. */
  const hasEnded = () => socket.readyState !== socket.OPEN || messages.some(({ binary }) => !binary);
  const isComplete = () =>
    isEvents
      ? hasEvents(parsed(messages), eventsOf(frames), isAbsent)
      : bytesOf(messages) >= wantedBytes(frames) && (hasEnded() || !endsByItself(frames));
  return {
    isEvents,
    leave() {
      if (frames.some(({ dir, op }) => dir === 'client' && op === 'close')) socket.close();
    },
    async settled() {
      if (status !== 101 || isComplete() || socket.readyState !== socket.OPEN) return;
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
      return isEvents ? compareEvents(exchange, messages, names) : compareBytes(exchange, frames, messages);
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

const isEnd = ({ dir, op, data }: Frame) => dir === 'server' && (op === 'close' || (op === 'text' && !data));
const endsByItself = (frames: readonly Frame[]) =>
  frames.some(isEnd) && !frames.some(({ dir, op }) => dir === 'client' && op === 'close');
const textOf = (frames: readonly Frame[]) =>
  frames.flatMap(({ dir, op, data }) => (dir === 'server' && op === 'binary' ? [data ?? ''] : [])).join('');
/** A terminal writes its prompt, and what it echoes, in another way each time. */
const isTerminal = (text: string) => text.includes('\u001b') || text.includes('\r');
const wantedBytes = (frames: readonly Frame[]) => (isTerminal(textOf(frames)) ? 1 : Buffer.byteLength(textOf(frames)));

const bytesOf = (messages: readonly Message[]) =>
  messages.reduce((sum, { binary, data }) => sum + (binary ? data.length : 0), 0);

type OperationEvent = { type: string; metadata: Record<string, unknown> };
const eventsOf = (frames: readonly Frame[]) =>
  frames.flatMap(({ dir, json }) => (dir === 'server' && isObject(json) ? [json as OperationEvent] : []));
const parsed = (messages: readonly Message[]) =>
  messages.map(({ data }) => JSON.parse(data.toString('utf8')) as OperationEvent);
const isFinal = (event: OperationEvent) => event.type === 'operation' && Number(event.metadata.status_code) >= 200;
const finals = (events: readonly OperationEvent[]) =>
  new Set(events.filter(isFinal).map(({ metadata }) => metadata.id)).size;

const actions = (events: readonly OperationEvent[]) =>
  events.flatMap(({ type, metadata }) => (type === 'lifecycle' ? [metadata.action] : []));
/** Whether as many operations have ended, and each lifecycle event has come as often. */
function hasEvents(
  ours: readonly OperationEvent[],
  recorded: readonly OperationEvent[],
  isAbsent: (action: string) => boolean,
): boolean {
  const [have, want] = [actions(ours), actions(recorded)];
  const count = (list: readonly unknown[], action: unknown) => list.filter((one) => one === action).length;
  return (
    finals(ours) >= finals(recorded) &&
    want.every((action) => isAbsent(String(action)) || count(have, action) >= count(want, action))
  );
}

/** How each operation ended, and which lifecycle events came; progress in between is the server's own affair. */
function compareEvents(exchange: Exchange, messages: readonly Message[], names: Names): Difference[] {
  const { frames = [], frames_omitted: omitted } = exchange;
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
    const same = ours.filter(({ type, metadata }) => type === 'lifecycle' && metadata.action === event.metadata.action);
    const partner =
      same.find(({ metadata }) => metadata.source === names.here(String(event.metadata.source))) ?? same[0];
    const path = `lifecycle ${event.metadata.action}`;
    if (!partner) found.push({ path, kind: 'missing', recorded: event.metadata.action, ours: undefined });
    else found.push(...compare({ [path]: event.metadata }, { [path]: partner.metadata }, names));
  }
  // A client that left early, or whose frames were cut, did not see all of them.
  if (finals(recorded) === 0 || omitted) return found;
  const known = new Set(actions(recorded));
  for (const action of new Set(actions(ours)))
    if (!known.has(action))
      found.push({ path: `lifecycle ${action}`, kind: 'extra', recorded: undefined, ours: action });
  return found;
}

/** What came over a pipe is compared byte by byte; a terminal's echo comes in other pieces each time. */
function compareBytes({ url }: Exchange, frames: readonly Frame[], messages: readonly Message[]): Difference[] {
  const recorded = textOf(frames);
  const ours = messages.map(({ binary, data }) => (binary ? data.toString('utf8') : '')).join('');
  // The echo of the key that ends a program: it comes when the program has begun before the key.
  if (recorded === '^C' && (ours === '' || ours === recorded)) return [];
  if (isTerminal(recorded) ? (ours === '') === (recorded === '') : ours === recorded) return [];
  return [{ path: `bytes of ${url.replace(/\?.*/, '')}`, kind: 'value', recorded, ours }];
}
