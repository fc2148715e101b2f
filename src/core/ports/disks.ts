/**
 * THE DISKS PORT: root disks of virtual machines in a pool, beside its trees and volumes (`Pool.disks`).
 *
 * Vocabulary. An *image disk* is a disk that nobody writes, shared by every machine of that image, named by the image's
 * fingerprint. A *volume* is one machine's root disk, named by the machine's stable id. A *snapshot* is a state of a volume
 * that nobody writes, named by the id that the caller chose. All of them are names; the bytes lie in *layers*, each a file
 * that holds what differs from the layer below. A volume's *head* is the one layer that its machine writes.
 *
 * Life of a volume: createFromImage | createEmpty | create | copy -> any number of starts -> remove.
 *
 * Laws (test/contract/disks.suite.ts), as for trees (storage.ts):
 * - Every function either does all of its work or leaves nothing behind, also when its signal aborts or the disk is full.
 * - `remove*` of something absent succeeds: repair calls it without looking.
 * - What is killed half-way (SIGKILL at any instruction) is either whole or invisible, and `sweep` clears the rest.
 * - Copies, snapshots and image disks are independent of each other: changing or removing one never shows in another. An
 *   image disk goes at once when it is removed; its bytes stay for as long as volumes stand on them.
 * - Nothing below the pool's directory is reachable for other users of the host (0700 at the top).
 * - `createFromImage`, `copy`, `snapshot`, `restore` and the removals cost milliseconds, whatever the size of the disk.
 * - A name that is written in a disk's file leads nowhere: who opens a disk is given its files by `chain`, node by node, and
 *   files that make QEMU open others on its own are refused.
 *
 * At rest or not. The caller serialises the calls of one volume and its starts. Where a call says *at rest*, no QEMU has the
 * volume open; QEMU's own locks on the files turn a mistake into `HostError` EBUSY. Where a volume may run, the caller gives
 * a function that makes the running QEMU do its part.
 *
 * Owners. All files belong to the daemon, mode 0600. Who starts QEMU under an id of its own hands over open descriptors (the
 * folders stay closed to that id), or changes the owner of the head; `snapshot` and `copy` take a former head back.
 */
import type { ArrivingDisk, DiskContent } from './disk-content.ts';
import type { VolumeState, Work } from './storage.ts';

/** One file that QEMU has to be given; each stands on the next one. */
export type ChainFile = { path: string; format: 'qcow2'; readOnly: boolean };

export type Frozen = Work & {
  /**
   * Makes the running QEMU write to the file at this path, an empty overlay of what it writes now (`blockdev-add` with
   * `backing: null`, `blockdev-snapshot`). Resolves when it does. Without it the volume is at rest. Should it reject, the
   * volume is as it was, but its chain may begin with an empty file that the running QEMU does not know.
   */
  switchTo?: ((overlayPath: string) => Promise<void>) | undefined;
};

export type Merged = Work & {
  /**
   * Makes the running QEMU copy into `into` all that it takes from `from`, and stand on `base` then (`block-stream` with
   * `base-node`; everything when `base` is undefined). Without it the volume is at rest.
   */
  stream?: ((files: { into: string; from: string; base: string | undefined }) => Promise<void>) | undefined;
};

export type Grown = Work & {
  /** Makes the running QEMU resize its disk (`block_resize`). Without it the volume is at rest. */
  resize?: ((sizeBytes: number) => Promise<void>) | undefined;
};

export interface ImageDisks {
  list(): Promise<string[]>;
  /**
   * Makes the disk `fingerprint` by calling `fill` with a path where it has to put a qcow2 file that stands alone (as
   * `importDisk` does). Visible only when `fill` resolves. Does nothing when the disk is already there.
   */
  create(fingerprint: string, fill: (path: string) => Promise<void>, work?: Work): Promise<void>;
  /** The same of a state that is in this pool, without copying. A volume is at rest. */
  createFrom(fingerprint: string, from: VolumeState, work?: Work): Promise<void>;
  remove(fingerprint: string): Promise<void>;
  sizeBytes(fingerprint: string): Promise<number>;
}

export interface Disks {
  readonly images: ImageDisks;

  list(): Promise<string[]>;
  /** With the size of the image, or a bigger one. */
  createFromImage(id: string, fingerprint: string, options?: Work & { sizeBytes?: number | undefined }): Promise<void>;
  createEmpty(id: string, sizeBytes: number, work?: Work): Promise<void>;
  /** Makes a volume, or a snapshot of one, by `fill` as with image disks. */
  create(at: VolumeState, fill: (path: string) => Promise<void>, work?: Work): Promise<void>;
  /** Copies the volume, or one of its snapshots, to a new volume; both share what they have in common. */
  copy(from: VolumeState, to: string, options?: Frozen): Promise<void>;
  /** The volume `by` takes the place of `id`, whose own state goes. Snapshots of `id` stay, those of `by` go. At rest. */
  replace(id: string, by: string): Promise<void>;
  remove(id: string): Promise<void>;

  /** Snapshots without their volume are not shown, and swept; they may be made before it. */
  snapshots(id: string): Promise<string[]>;
  snapshot(id: string, snapshot: string, options?: Frozen): Promise<void>;
  /** Copies a state of any volume to a new snapshot. */
  copySnapshot(from: VolumeState, to: Required<VolumeState>, options?: Frozen): Promise<void>;
  /** Replaces the volume's content and size by the snapshot's; the snapshot stays. At rest. */
  restore(id: string, snapshot: string, work?: Work): Promise<void>;
  /** The name goes at once; bytes that other layers stand on go with `compact`. */
  removeSnapshot(id: string, snapshot: string): Promise<void>;
  /** Merges layers of this volume that no name needs any more. Costs what copying them costs. Tells how many went. */
  compact(id: string, options?: Merged): Promise<number>;

  /** Smaller is refused. */
  grow(id: string, sizeBytes: number, options?: Grown): Promise<void>;
  /** What the disk says itself. */
  sizeBytes(at: VolumeState): Promise<number>;
  /** Bytes that this volume, or snapshot, alone takes. */
  usage(id: string, snapshot?: string): Promise<number>;

  /** The files of a state, the head first. Only the head of a volume is writable. */
  chain(at: VolumeState): Promise<readonly [ChainFile, ...ChainFile[]]>;
  /** Writes a state into a new file that stands alone (export, publish, another pool). A volume is at rest. */
  writeOut(at: VolumeState, path: string, form: WrittenForm, work?: Work): Promise<void>;
  /** Opens the bytes of a state, to be sent somewhere. They take room beside the pool's until then. A volume is at rest. */
  content(at: VolumeState, work?: Work): Promise<DiskContent>;
  /** Makes a volume, or a snapshot of one, of bytes that somebody sends. */
  receive(at: VolumeState, disk: ArrivingDisk, work?: Work): Promise<void>;
  /** Clears what an interrupted call left behind, and layers that nothing needs. Returns what was cleared. */
  sweep(): Promise<string[]>;
}

export type WrittenForm = { format: 'raw' } | { format: 'qcow2'; compressed?: boolean };
