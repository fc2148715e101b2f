/**
 * Machines that QEMU stops by itself, because a disk of theirs is full or fails: what the guest wrote waits, and nothing is
 * lost. Heard at a monitor of its own, which has nothing else to do.
 */
import type { HostError } from '../../lib/host-error.ts';
import { openJsonLines } from './json-lines.ts';
import type { Layout } from './layout.ts';

export type Stalls = {
  /** Listens to a machine that runs, until it ends. */
  follow(id: string): void;
} & Disposable;

type Failure = { action?: string; nospace?: boolean; operation?: string; reason?: string };

/** A machine may run for years without a word. */
const everMs = 2 ** 31 - 1;

export function createStalls(
  layout: Layout,
  tell: (id: string, reason: string) => void,
  /** The system inside begins anew; nothing of the machine has changed. */
  begun: (id: string) => void = () => {},
): Stalls {
  const listening = new Map<string, Disposable>();

  async function listen(id: string) {
    using lines = openJsonLines(layout.socket(id, 'events'), 'QEMU');
    listening.set(id, lines);
    lines.send({ execute: 'qmp_capabilities' });
    try {
      for (;;) {
        const { event, data = {} } = await lines.next('an event', everMs);
        if (event === 'RESET') begun(id);
        const failure = data as Failure;
        if (event === 'BLOCK_IO_ERROR' && failure.action === 'stop') tell(id, reasonOf(failure));
      }
    } finally {
      if (listening.get(id) === lines) listening.delete(id);
    }
  }

  return {
    follow(id) {
      listening.get(id)?.[Symbol.dispose]();
      // That it has ended is told by its supervisor.
      listen(id).catch((error: HostError) => (error.errno === 'ETIMEDOUT' ? this.follow(id) : undefined));
    },
    [Symbol.dispose]() {
      for (const lines of listening.values()) lines[Symbol.dispose]();
    },
  };
}

const reasonOf = ({ nospace, operation = 'write', reason = 'unknown' }: Failure) =>
  nospace ? 'the disk of its storage pool is full' : `its disk fails (${operation}: ${reason})`;
