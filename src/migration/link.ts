/** The two sockets of one migration, and the end that one of them makes to the other. */
import { type MigrationOptions, MigrationUnsure, type Sockets } from '../core/ports/migration.ts';
import { type Control, createControl } from './control.ts';
import { createFrameSocket, type FrameSocket } from './frames.ts';

export type Link = {
  control: Control;
  fs: FrameSocket;
  /** Aborts when the caller does, or `cut` is called. */
  signal: AbortSignal;
  cut(reason: unknown): void;
  progress(bytes: number): void;
  readonly times: Times;
};

/** How long the other side may say nothing. */
export type Times = {
  /** Headers and indexes are ready when they are asked for. */
  handshakeMs: number;
  /** rsync says nothing while it reads a big file to compare it. */
  silenceMs: number;
};

export const patientTimes: Times = { handshakeMs: 120_000, silenceMs: 30 * 60_000 };

/**
 * Runs the work over both sockets. A failure is told to the other side; the sockets are closed in every case. When the other
 * side fails, its own words come over the control socket a moment after the files have stopped: they are preferred.
 */
export async function withLink(
  sockets: Sockets,
  options: MigrationOptions,
  times: Times,
  work: (link: Link) => Promise<void>,
): Promise<void> {
  const cutting = new AbortController();
  const signal = AbortSignal.any([options.signal, cutting.signal]);
  let bytes = 0;
  const link: Link = {
    control: createControl(sockets.control, times.handshakeMs, options.signal),
    fs: createFrameSocket(sockets.fs, signal),
    signal,
    times,
    cut: (reason) => cutting.abort(reason),
    progress(count) {
      bytes += count;
      options.onProgress?.(bytes);
    },
  };
  try {
    await work(link);
  } catch (error) {
    // A failure that is told says that nothing runs here.
    if (error instanceof MigrationUnsure) throw error;
    const shown = cutting.signal.aborted && !options.signal.aborted ? cutting.signal.reason : error;
    link.control.tell(shown);
    throw shown;
  } finally {
    cutting.abort(new Error('the migration is over'));
    sockets.fs.close();
    sockets.control.close();
  }
}
