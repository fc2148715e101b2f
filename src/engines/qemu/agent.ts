/**
 * The guest agent of QEMU inside a machine. It greets nobody and answers whoever speaks, in turn; a guest that is not up yet,
 * is paused or has no agent says nothing at all, so that each question has a deadline.
 */
import { HostError } from '../../lib/host-error.ts';
import type { JsonLines } from './json-lines.ts';
import type { Qmp } from './qmp.ts';

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

/** Runs `work` with an agent that listens. Rejects with `HostError` when nobody does. */
export async function withAgent<T>(
  lines: JsonLines,
  work: (agent: Agent) => Promise<T>,
  waitMs = syncTimeoutMs,
): Promise<T> {
  await synchronise(lines, waitMs);
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

async function synchronise(lines: JsonLines, waitMs: number): Promise<void> {
  const number = Math.floor(Math.random() * 2 ** 31);
  lines.skipToMark();
  lines.send({ execute: 'guest-sync-delimited', arguments: { id: number } }, Buffer.of(sentinel));
  try {
    for (;;) if ((await lines.next('guest-sync-delimited', waitMs)).return === number) return;
  } catch (cause) {
    if ((cause as HostError).errno !== 'ETIMEDOUT') throw cause;
    throw noAgent(cause);
  }
}

export const noAgent = (cause?: unknown) =>
  new HostError('no agent answers in the guest', {
    errno: 'ETIMEDOUT',
    help: 'wait until the guest has started, or install qemu-guest-agent in it (gast console shows what it does)',
    ...(cause ? { cause } : {}),
  });

/** Whether something in the guest has its end of the line open, and the guest is not held: who else would wait in vain. */
export async function listens(qmp: Qmp): Promise<boolean> {
  const { running } = (await qmp.ask('query-status')) as { running: boolean };
  const lines = (await qmp.ask('query-chardev')) as { label: string; 'frontend-open': boolean }[];
  return running && lines.some((line) => line.label === 'agent' && line['frontend-open']);
}
