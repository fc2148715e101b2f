/**
 * The guest agent of QEMU inside a machine. It greets nobody and answers whoever speaks, in turn; a guest that is not up yet,
 * is paused or has no agent says nothing at all, so that each question has a deadline.
 */
import { HostError } from '../../lib/host-error.ts';
import { openJsonLines } from './json-lines.ts';

const answerTimeoutMs = 10_000;
const syncTimeoutMs = 3000;
const refusalMs = 200;
/** Before and after the words of a synchronisation: what lies between is ours, whatever was left in the line. */
const sentinel = 0xff;

export type Agent = {
  ask(command: string, args?: Record<string, unknown>): Promise<unknown>;
  /** For what is never answered: the guest goes down first. */
  tell(command: string, args?: Record<string, unknown>): Promise<void>;
};

/** Runs `work` with a connection to an agent that listens. Rejects with `HostError` when nobody does. */
export async function withAgent<T>(
  path: string,
  id: string,
  work: (agent: Agent) => Promise<T>,
  waitMs = syncTimeoutMs,
): Promise<T> {
  using lines = openJsonLines(path, 'the guest agent');
  await synchronise(lines, id, waitMs);
  const ask = async (execute: string, args?: Record<string, unknown>) => {
    lines.send({ execute, ...(args ? { arguments: args } : {}) });
    const { error, return: answer } = await lines.next(execute, answerTimeoutMs);
    if (error) throw new HostError(`guest agent: ${execute}: ${described(error)}`);
    return answer;
  };
  const tell = async (execute: string, args: Record<string, unknown> = {}) => {
    lines.send({ execute, arguments: args });
    // An agent that refuses says so at once.
    const answer = await lines.next(execute, refusalMs).catch(() => undefined);
    if (answer?.error) throw new HostError(`guest agent: ${execute}: ${described(answer.error)}`);
  };
  return await work({ ask, tell });
}

const described = (error: unknown) => String((error as { desc?: unknown }).desc ?? error);

async function synchronise(lines: ReturnType<typeof openJsonLines>, id: string, waitMs: number): Promise<void> {
  const number = Math.floor(Math.random() * 2 ** 31);
  lines.skipToMark();
  lines.send({ execute: 'guest-sync-delimited', arguments: { id: number } }, Buffer.of(sentinel));
  try {
    for (;;) if ((await lines.next('guest-sync-delimited', waitMs)).return === number) return;
  } catch (cause) {
    if ((cause as HostError).errno !== 'ETIMEDOUT') throw cause;
    throw new HostError(`guest ${id}: no agent answers in it`, {
      errno: 'ETIMEDOUT',
      help: 'install qemu-guest-agent in the guest, or wait until it has started',
      cause,
    });
  }
}
