/** The two sockets of one migration, and the end that one of them makes to the other. */
import type { MigrationOptions, Sockets } from '../core/ports/migration.ts';
import { type Control, createControl } from './control.ts';
import { createFrameSocket, type FrameSocket } from './frames.ts';

export type Link = {
  control: Control;
  fs: FrameSocket;
  /** Aborts when the caller does, or `cut` is called. */
  signal: AbortSignal;
  cut(reason: unknown): void;
  progress(bytes: number): void;
};

/**
 * Runs the work over both sockets. A failure is told to the other side; the sockets are closed in every case. When the other
 * side fails, its own words come over the control socket a moment after the files have stopped: they are preferred.
 */
export async function withLink(
  sockets: Sockets,
  options: MigrationOptions,
  work: (link: Link) => Promise<void>,
): Promise<void> {
  const cutting = new AbortController();
  const signal = AbortSignal.any([options.signal, cutting.signal]);
  let bytes = 0;
  const link: Link = {
    control: createControl(sockets.control, options.signal),
    fs: createFrameSocket(sockets.fs, signal),
    signal,
    cut: (reason) => cutting.abort(reason),
    progress(count) {
      bytes += count;
      options.onProgress?.(bytes);
    },
  };
  try {
    await work(link);
  } catch (error) {
    const shown = cutting.signal.aborted && !options.signal.aborted ? cutting.signal.reason : error;
    link.control.tell(shown);
    throw shown;
  } finally {
    cutting.abort(new Error('the migration is over'));
    sockets.fs.close();
    sockets.control.close();
  }
}
