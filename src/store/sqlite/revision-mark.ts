/**
 * The mark: a small file beside the state that knows the newest revision, so that an older copy of the state, a deleted
 * write-ahead log or an emptied state file is noticed. It may lag behind the state, never run ahead of it.
 *
 * Two slots in different blocks are overwritten in turn: a torn write destroys one slot, the other is one commit older.
 * Each commit writes at once (SIGKILL loses nothing) and the sync follows beside the event loop: 0.3 ms saved per
 * commit, at the price that after power loss the mark may lag by the commits of some milliseconds.
 */
import { closeSync, fdatasync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { replaceDurably } from './durable-files.ts';

export type MarkContent = { storeId: string; revision: number };

const slotDistance = 4096;
const slotSize = 128;

/** Undefined when the file is missing or no slot is whole. */
export function readMark(path: string): MarkContent | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const slots = [0, 1].map((slot) =>
    parse(bytes.toString('latin1', slot * slotDistance, slot * slotDistance + slotSize)),
  );
  return slots.reduce((best, slot) => (slot && (!best || slot.revision > best.revision) ? slot : best), undefined);
}

export function writeMark(path: string, content: MarkContent): void {
  const bytes = Buffer.alloc(2 * slotDistance);
  for (const slot of [0, 1]) render(content).copy(bytes, slot * slotDistance);
  replaceDurably(path, bytes);
}

export type OpenMark = AsyncDisposable & { advance(revision: number): void };

export function openMark(path: string, storeId: string): OpenMark {
  const descriptor = openSync(path, 'r+');
  let syncing: 'no' | 'running' | 'again' = 'no';
  const idle: (() => void)[] = [];
  let failure: Error | null = null;
  const sync = () => {
    syncing = 'running';
    fdatasync(descriptor, (error) => {
      failure ??= error;
      const again = syncing === 'again';
      syncing = 'no';
      if (again) sync();
      else for (const resolve of idle.splice(0)) resolve();
    });
  };
  return {
    /** Throws when this write or the sync of an earlier one failed; the next call tries anew. */
    advance(revision) {
      const earlier = failure;
      failure = null;
      if (earlier) throw earlier;
      writeSync(descriptor, render({ storeId, revision }), 0, slotSize, (revision % 2) * slotDistance);
      if (syncing === 'no') sync();
      else syncing = 'again';
    },
    async [Symbol.asyncDispose]() {
      if (syncing !== 'no') await new Promise<void>((resolve) => idle.push(resolve));
      closeSync(descriptor);
      if (failure) throw failure;
    },
  };
}

function render(content: MarkContent): Buffer {
  const text = `gasthof-state 1 ${content.storeId} ${content.revision}`;
  return Buffer.from(`${text} ${checksum(text)}`.padEnd(slotSize - 1).concat('\n'), 'latin1');
}

function parse(slot: string): MarkContent | undefined {
  const found = /^(gasthof-state 1 (\S+) (\d+)) ([0-9a-f]{8}) *\n$/.exec(slot);
  if (!found || checksum(found[1] ?? '') !== found[4]) return undefined;
  return { storeId: found[2] ?? '', revision: Number(found[3]) };
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
