/**
 * A machine that runs goes over: after its files and snapshots the source tells on the fs socket what it is made of, the target
 * makes one that waits, and then fs carries its disk (NBD) and the state socket (`criu`) its memory. On the control socket the
 * source says that it has let go, and the target that the machine runs: see the laws in core/ports/migration.ts.
 */
import { addAbortSignal } from 'node:stream';
import {
  type HandedOver,
  type LiveMachine,
  type LiveSource,
  type LiveStreams,
  type LiveWire,
  MigrationRefused,
  type MigrationTarget,
  MigrationUnsure,
  type Sockets,
} from '../core/ports/migration.ts';
import { ToldFailure } from './control.ts';
import { createFrameSocket, receiveAll } from './frames.ts';
import type { Link } from './link.ts';
import { createSocketStream } from './socket-stream.ts';

const messageBytes = 1024 * 1024;

/** A signal that hears of the caller's only until it is released. */
export function untilReleased(signal: AbortSignal): { signal: AbortSignal; release(): void } {
  const own = new AbortController();
  const abort = () => own.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return { signal: own.signal, release: () => signal.removeEventListener('abort', abort) };
}

/** `verdict`: what the target says last, as a word of when the machine went on. */
export async function sendLive(
  link: Link,
  sockets: Sockets,
  live: LiveSource,
  verdict: Promise<string>,
  release: () => void,
): Promise<void> {
  await sendMessage(link, live.machine);
  // The machine is made and started there meanwhile.
  const reply = await receiveMessage(link, link.times.silenceMs);
  if (reply.StatusCode !== 200) throw new MigrationRefused(`the other server says: ${String(reply.Error)}`);
  let unsure: unknown;
  const handOver = async (): Promise<HandedOver> => {
    release();
    link.control.tell();
    try {
      return { taken: true, wentOnAt: timeIn(await inTime(verdict, link.times.handshakeMs)) };
    } catch (error) {
      if (error instanceof ToldFailure) throw error;
      unsure = error;
      return { taken: false };
    }
  };
  await withStreams(link, sockets, (streams) => live.send(streams, { handOver, signal: link.signal }));
  if (unsure !== undefined)
    throw new MigrationUnsure(
      'the other server was told to let the machine go on, and has not said whether it runs there',
      unsure,
    );
}

export async function receiveLive(
  link: Link,
  sockets: Sockets,
  take: NonNullable<MigrationTarget['live']>,
  letGo: Promise<unknown>,
  release: () => void,
): Promise<void> {
  const machine = checkedMachine(await receiveMessage(link, link.times.silenceMs));
  const opened = Promise.withResolvers<LiveStreams>();
  const over = Promise.withResolvers<void>();
  opened.promise.catch(() => {});
  const wire: LiveWire = {
    signal: link.signal,
    async ready() {
      await sendMessage(link, { StatusCode: 200, Error: '' });
      carried = withStreams(link, sockets, (streams) => {
        opened.resolve(streams);
        return over.promise;
      });
      carried.catch(opened.reject);
      return opened.promise;
    },
    async handedOver() {
      await letGo;
      release();
    },
  };
  let carried: Promise<void> | undefined;
  try {
    const { wentOnAt } = await take(machine, wire);
    link.control.tellDone(wentOnAt.toISOString());
  } finally {
    over.resolve();
    await carried?.catch(() => {});
  }
}

/** The state socket is opened for it. */
async function withStreams(link: Link, sockets: Sockets, use: (streams: LiveStreams) => Promise<void>): Promise<void> {
  if (!sockets.state) throw new MigrationRefused('no connection was asked for over which the memory could go');
  const channel = await sockets.state();
  const wire = { silenceMs: link.times.silenceMs, onBytes: link.progress };
  const memory = addAbortSignal(link.signal, createSocketStream(createFrameSocket(channel, link.signal), wire));
  const disk = addAbortSignal(link.signal, createSocketStream(link.fs, wire));
  try {
    await use({ memory, disk });
  } finally {
    memory.destroy();
    disk.destroy();
    channel.close();
  }
}

async function inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new MigrationRefused(`the other server was silent for ${ms / 1000} s`)),
    ms,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function timeIn(word: string): Date | undefined {
  const time = new Date(word);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

async function sendMessage(link: Link, message: object): Promise<void> {
  await link.fs.send(Buffer.from(JSON.stringify(message)));
  link.fs.end();
}

async function receiveMessage(link: Link, silenceMs: number): Promise<Record<string, unknown>> {
  const text = (await receiveAll(link.fs, messageBytes, silenceMs)).toString();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new MigrationRefused('the other server tells of the machine in something that is no JSON object');
}

const largestDiskBytes = 16 * 2 ** 40;

/** The peer is a stranger; what the words of the shape mean is compared with what is made here, and never used. */
function checkedMachine({ diskBytes, described }: Record<string, unknown>): LiveMachine {
  const { type, shape } = (typeof described === 'object' && described !== null ? described : {}) as Record<
    string,
    unknown
  >;
  const isShape = Array.isArray(shape) && shape.every((word) => typeof word === 'string');
  const isSize = typeof diskBytes === 'number' && Number.isSafeInteger(diskBytes) && diskBytes > 0;
  if (
    !isSize ||
    diskBytes > largestDiskBytes ||
    typeof type !== 'string' ||
    !/^pc-q35-[0-9.]{1,16}$|^virt-[0-9.]{1,16}$/.test(type) ||
    !isShape
  )
    throw new MigrationRefused('what the other server tells of the machine is damaged');
  return { diskBytes, described: { type, shape: shape as string[] } };
}
