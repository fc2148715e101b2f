/**
 * Ends and OOM kills of guests, as their supervisors write them into files: an exit file per guest, and a file `oom` in the
 * guest's persist directory. Both directories are watched by inotify; nothing is polled.
 */
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EndCause, EngineEvent } from '../core/ports/engine.ts';
import { watchDirectory } from '../host/watch-directory.ts';
import { isGuestId } from './guest-id.ts';

/** Where supervisors write. */
export type EndFiles = {
  /** A file for each guest that has ended, under its id. */
  exits: string;
  exit(id: string): string;
  /** Marks of the present run of a guest. */
  persist(id: string): string;
  /** The cause, by what stands in the exit file; `oom`: a process was killed for memory at about the same time. */
  cause(exitFile: string, oom: boolean, id: string): EndCause;
};

/** Init counts as killed for memory when an OOM kill in the guest is no further from its end than this. */
const oomNearbyMs = 3000;
/** Supervisors tell the end of a process and an OOM kill in no fixed order. */
const oomGraceMs = 100;

export type Ends = ReturnType<typeof createEnds>;

export function createEnds(files: EndFiles) {
  const listeners = new Set<(event: EngineEvent) => void>();
  const endWaiters = new Map<string, Set<() => void>>();
  const persistWatches = new Map<string, Disposable>();
  /** Guests whose end was told, or had come before this daemon, or concerns nobody; each run has a mark of its own. */
  const told = new Map<string, symbol>();
  for (const id of readdirSync(files.exits).filter(isGuestId)) told.set(id, Symbol(id));
  const exits = watchDirectory(files.exits, (name) => {
    if (isGuestId(name)) void checkEnd(name);
  });

  function emit(event: EngineEvent) {
    for (const listener of listeners) listener(event);
  }

  async function checkEnd(id: string) {
    if (told.has(id) || !existsSync(files.exit(id))) return;
    const run = Symbol(id);
    told.set(id, run);
    checkOom(id);
    let cause = readEnd(files, id)?.cause;
    if (cause?.kind === 'killed' && !existsSync(killMark(files, id))) {
      await delay(oomGraceMs);
      // Removed meanwhile: a later run of the same guest must not be taken for this one.
      if (told.get(id) !== run) return;
      cause = readEnd(files, id)?.cause ?? cause;
    }
    wake(id);
    emit({ type: 'ended', id, cause: cause ?? { kind: 'unknown' } });
  }

  function wake(id: string) {
    for (const resolve of endWaiters.get(id) ?? []) resolve();
    endWaiters.delete(id);
  }

  /** The mark is put aside at once, so that the supervisor makes it anew, visibly, at the next kill. */
  function checkOom(id: string) {
    const mark = join(files.persist(id), 'oom');
    try {
      renameSync(mark, `${mark}.told`);
    } catch {
      return;
    }
    emit({ type: 'oom', id });
  }

  return {
    /** What else there is to tell of a guest. */
    emit,
    subscribe(listener: (event: EngineEvent) => void): Disposable {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    /** Begins to watch one guest. Its end is seen in any case, its OOM kills from now on. */
    follow(id: string) {
      if (persistWatches.has(id) || !existsSync(files.persist(id))) return;
      const watch = watchDirectory(files.persist(id), (name) => {
        if (name === 'oom') checkOom(id);
      });
      persistWatches.set(id, watch);
      checkOom(id);
      void checkEnd(id);
    },
    /** From here on its end is its remover's own doing. */
    silence(id: string) {
      told.set(id, Symbol(id));
      wake(id);
    },
    forget(id: string) {
      persistWatches.get(id)?.[Symbol.dispose]();
      persistWatches.delete(id);
      told.delete(id);
    },
    /** Tells an end that no supervisor told: it was lost before its guest. */
    tellUnknown(id: string) {
      if (told.has(id)) return;
      told.set(id, Symbol(id));
      wake(id);
      emit({ type: 'ended', id, cause: { kind: 'unknown' } });
    },
    /** Calls back once when the guest has ended. Disposing takes the call back. */
    onEnd(id: string, callback: () => void): Disposable {
      const waiters = endWaiters.get(id) ?? new Set();
      endWaiters.set(id, waiters.add(callback));
      if (told.has(id)) queueMicrotask(callback);
      return { [Symbol.dispose]: () => void waiters.delete(callback) };
    },
    [Symbol.dispose]() {
      exits[Symbol.dispose]();
      for (const watch of persistWatches.values()) watch[Symbol.dispose]();
    },
  };
}

const killMark = (files: EndFiles, id: string) => join(files.persist(id), 'killed');

/** Notes that a coming SIGKILL is ours, whatever memory was short of just before. */
export function markKilled(files: EndFiles, id: string): void {
  if (existsSync(files.persist(id))) writeFileSync(killMark(files, id), '');
}

/** The end that the supervisor wrote down, undefined when there is none (yet). */
export function readEnd(files: EndFiles, id: string): { cause: EndCause; endedAt: Date } | undefined {
  const end = statSync(files.exit(id), { throwIfNoEntry: false });
  if (!end) return undefined;
  const marks = ['oom', 'oom.told'].map((name) => statSync(join(files.persist(id), name), { throwIfNoEntry: false }));
  const nearby = marks.some((mark) => mark && Math.abs(mark.ctimeMs - end.mtimeMs) < oomNearbyMs);
  const oom = nearby && !existsSync(killMark(files, id));
  return { cause: files.cause(readFileSync(files.exit(id), 'utf8'), oom, id), endedAt: end.mtime };
}
