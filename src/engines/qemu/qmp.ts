/**
 * QEMU's monitor (QMP): one line of JSON for each command, answer and event, over a unix socket that serves one client at a
 * time. A connection is opened for a piece of work and closed after it; whoever comes second waits.
 */
import { HostError } from '../../lib/host-error.ts';
import { openJsonLines } from './json-lines.ts';

const answerTimeoutMs = 10_000;

export type QmpEvent = { event: string; data: Record<string, unknown>; at: Date };
export type Qmp = {
  /** The command's answer. Rejects with `HostError` and QEMU's own words. */
  ask(command: string, args?: Record<string, unknown>): Promise<unknown>;
  /** Hands a descriptor to QEMU, for commands that name it. */
  hand(name: string, descriptor: number): Promise<void>;
  /** Hands an open file to QEMU, which opens it as `/dev/fdset/NUMBER`; gives the number. `tag` is kept with it (file-tag.ts). */
  handSet(descriptor: number, options?: { set?: number; tag?: string }): Promise<number>;
  /** The next event of this name, or one that came between the answers so far. */
  event(name: string, timeoutMs: number): Promise<QmpEvent>;
};

/** Work at the monitor of one machine, in its turn. */
export type Monitor = <T>(work: (qmp: Qmp) => Promise<T>) => Promise<T>;

/** Runs `work` with a connection. A QEMU that does not answer in time, or goes away, makes it reject. */
export async function withMonitor<T>(path: string, work: (qmp: Qmp) => Promise<T>, timeoutMs = answerTimeoutMs) {
  using lines = openJsonLines(path, 'QEMU');
  await lines.next('greeting', timeoutMs);
  const events: QmpEvent[] = [];
  const ask = async (execute: string, args?: Record<string, unknown>) => {
    lines.send({ execute, ...(args ? { arguments: args } : {}) });
    return await answer(execute);
  };
  const hand = async (fdname: string, descriptor: number) => {
    lines.sendDescriptor({ execute: 'getfd', arguments: { fdname } }, descriptor);
    await answer('getfd');
  };
  const handSet: Qmp['handSet'] = async (descriptor, { set, tag } = {}) => {
    const args = { ...(set === undefined ? {} : { 'fdset-id': set }), ...(tag === undefined ? {} : { opaque: tag }) };
    lines.sendDescriptor({ execute: 'add-fd', arguments: args }, descriptor);
    return Number(((await answer('add-fd')) as { 'fdset-id': number })['fdset-id']);
  };
  const answer = async (execute: string) => {
    for (;;) {
      const message = await lines.next(execute, timeoutMs);
      if (typeof message.event === 'string') events.push(eventOf(message));
      else if (message.error) throw new HostError(`QEMU: ${execute}: ${described(message.error)}`);
      else return message.return;
    }
  };
  const event = async (name: string, eventTimeoutMs: number) => {
    for (;;) {
      const at = events.findIndex((one) => one.event === name);
      const [found] = at < 0 ? [] : events.splice(at, 1);
      if (found) return found;
      events.push(eventOf(await lines.next(name, eventTimeoutMs)));
    }
  };
  await ask('qmp_capabilities');
  return await work({ ask, hand, handSet, event });
}

const described = (error: unknown) => String((error as { desc?: unknown }).desc ?? error);

function eventOf(message: Record<string, unknown>): QmpEvent {
  const { seconds = 0, microseconds = 0 } = (message.timestamp ?? {}) as { seconds?: number; microseconds?: number };
  const data = (message.data ?? {}) as Record<string, unknown>;
  return { event: String(message.event ?? ''), data, at: new Date(seconds * 1000 + microseconds / 1000) };
}
