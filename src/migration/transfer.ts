/** One state by rsync: the tree in its frame, the streams of the fs socket, and what may be left in the tree. */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { type LentTree, type MigrationKind, MigrationRefused } from '../core/ports/migration.ts';
import { createTreeRemover } from '../host/remove-trees.ts';
import type { RsyncFeature, RsyncHalf, RsyncOptions, RsyncTree } from '../host/rsync.ts';
import { readBeside, writeBeside } from './beside.ts';
import { receiveStream, sendStream } from './frames.ts';
import type { Link, Times } from './link.ts';

export type TransferNeeds = {
  /** Frames are made here. */
  directory: string;
  times: Times;
  knowsZstd(): Promise<boolean>;
  startSender(tree: RsyncTree, options: RsyncOptions): RsyncHalf;
  startReceiver(tree: RsyncTree, options: RsyncOptions): RsyncHalf;
  /**
   * Takes out of a received tree what must not be in it; throws for what cannot be taken out. `shift` is the owner that
   * stands for 0 in it.
   */
  clean(rootfs: string, shift: number, signal: AbortSignal): Promise<void>;
};

export type Transfer = Pick<TransferNeeds, 'knowsZstd' | 'times'> & {
  send(kind: MigrationKind, tree: LentTree, link: Link, features: readonly RsyncFeature[]): Promise<void>;
  receive(
    kind: MigrationKind,
    tree: LentTree,
    link: Link,
    features: readonly RsyncFeature[],
    shift: number,
  ): Promise<void>;
};

export const framePrefix = 'migration-';
const rootName = 'rootfs';

export function createTransfer(needs: TransferNeeds): Transfer {
  const remover = createTreeRemover();

  /** A new directory for the tree, if there is one, and what lies beside it, and an empty one to be the program's root. */
  async function withFrame(
    kind: MigrationKind,
    { rootfs }: LentTree,
    use: (framed: RsyncTree, room: string, frame: string) => Promise<void>,
  ): Promise<void> {
    await mkdir(needs.directory, { recursive: true, mode: 0o700 });
    const directory = await mkdtemp(join(needs.directory, framePrefix));
    try {
      const [room, frame] = [join(directory, 'room'), join(directory, 'frame')];
      await mkdir(room, { mode: 0o700 });
      await mkdir(frame, { mode: 0o755 });
      if (rootfs === undefined) return await use({ directory: frame }, room, frame);
      if (kind === 'volume') return await use({ directory: rootfs }, room, frame);
      await mkdir(join(frame, rootName), { mode: 0o755 });
      await use({ directory: rootfs, frame: { directory: frame, place: rootName } }, room, frame);
    } finally {
      await remover.remove([directory]);
    }
  }

  return {
    knowsZstd: needs.knowsZstd,
    times: needs.times,
    send: (kind, tree, link, features) =>
      withFrame(kind, tree, async (framed, room, frame) => {
        if (kind !== 'volume') await writeBeside(frame, tree.beside);
        await run(needs.startSender(framed, { room, features, signal: link.signal }), link);
      }),
    receive: (kind, tree, link, features, shift) =>
      withFrame(kind, tree, async (framed, room, frame) => {
        await run(needs.startReceiver(framed, { room, features, signal: link.signal }), link);
        // Beside a disk only some plain files are read; nothing else of it stays.
        if (tree.rootfs !== undefined) await needs.clean(tree.rootfs, shift, link.signal);
        if (kind !== 'volume') tree.beside = await readBeside(frame);
      }),
  };
}

/** Carries the bytes of one run in both directions, to the end marks of both. */
async function run(half: RsyncHalf, link: Link): Promise<void> {
  try {
    const [out, incoming, ended] = await Promise.allSettled([
      sendStream(link.fs, half.output, link.progress),
      receiveStream(link.fs, half.input, link.times.silenceMs, link.progress).catch((error: unknown) => {
        half.kill();
        throw error;
      }),
      half.ended,
    ]);
    link.signal.throwIfAborted();
    // A stream that breaks kills the program, and a program that fails breaks the streams: the first cause is told.
    if (incoming.status === 'rejected') throw incoming.reason;
    if (ended.status === 'rejected') throw new MigrationRefused(`the files: ${reasonOf(ended.reason)}`, ended.reason);
    if (out.status === 'rejected') throw out.reason;
  } finally {
    half.kill();
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
