/**
 * THE STORAGE PORT: pools hold image trees and guest volumes.
 *
 * Vocabulary. A *pool* is a place with a driver. An *image tree* is an unpacked root file system, read-only, shared by
 * every guest of that image, with unshifted ids (0..65535 on disk). A *volume* is one guest's root file system, named by
 * the guest's stable id (never by its name, so a rename costs nothing). A *snapshot* is a read-only state of a volume,
 * named by the id that the caller chose. A *custom volume* belongs to no guest: it holds a tree of files (content
 * `filesystem`) or the bytes of a disk (content `block`), and any number of guests may be given it.
 *
 * Life of a volume: createFromImage | createEmpty | create | copy -> mount/unmount any number of times -> remove.
 *
 * Laws (test/contract/storage.suite.ts):
 * - Every function either does all of its work or leaves nothing behind, also when its signal aborts or the disk is full.
 * - `remove*` of something absent succeeds: repair calls it without looking.
 * - What is killed half-way (SIGKILL at any instruction) is either whole or invisible to `list`, and `sweep` clears the rest.
 * - `mount` gives the guest's view: files that are owned by 0 inside appear owned by `range.base`; a guest's file survives
 *   unmount, copy, snapshot and restore with content, owner, mode, times, links, xattrs, capabilities, sparse holes.
 * - Nothing below the pool's directory is reachable for other users of the host (0700 at the top).
 * - Copy and snapshot are independent of their source: changing or removing one never shows in the other.
 * - A volume's id range may change between two mounts without any rewrite.
 * - Custom volumes keep the same laws; guests see them directly at `path`, shifted by whoever attaches them.
 */
import type { Disks } from './disks.ts';
import type { IdRange } from './id-range.ts';
import type { MachineFiles } from './machine-files.ts';
import type { MachineMemories } from './machine-memories.ts';

export type PoolConfig = { name: string; driver: string; config: Record<string, string> };
export type Work = { signal?: AbortSignal };

/** One row of a driver's key table (config of the pool). */
export type PoolKey = { key: string; doc: string; default?: string };

export interface StorageDriver {
  readonly name: string;
  readonly version: string;
  readonly keys: readonly PoolKey[];
  /** Undefined when this host can use the driver, else the reason why not, with what would help. */
  unusable(): Promise<string | undefined>;
  /** Where the pool lies, also when its config does not say it. */
  location(pool: PoolConfig): string;
  /** Makes the pool's directory when it is not there and opens it. */
  open(pool: PoolConfig): Promise<Pool>;
  /** Deletes the pool with all that is in it. The caller has checked that nothing uses it. */
  destroy(pool: PoolConfig): Promise<void>;
}

export interface Pool {
  readonly images: ImageTrees;
  readonly volumes: Volumes;
  readonly custom: CustomVolumes;
  /** Root disks of virtual machines. */
  readonly disks: Disks;
  /** Memory of virtual machines, of snapshots and of stopped ones. */
  readonly memories: MachineMemories;
  readonly machineFiles: MachineFiles;
  /** Bytes and inodes of the file system below. */
  space(): Promise<{ usedBytes: number; totalBytes: number; usedInodes: number; totalInodes: number }>;
  /** Clears what an interrupted call left behind, among volumes, trees and disks alike. Returns what was cleared. */
  sweep(): Promise<string[]>;
}

export interface ImageTrees {
  list(): Promise<string[]>;
  /**
   * Makes the tree `fingerprint` by calling `fill` with an empty directory that becomes visible only when `fill` resolves.
   * Does nothing when the tree is already there.
   */
  create(fingerprint: string, fill: (directory: string) => Promise<void>, work?: Work): Promise<void>;
  /** Refused with `HostError` while a volume stands on it. */
  remove(fingerprint: string): Promise<void>;
}

/** A volume as it is now, or one of its snapshots. */
export type VolumeState = { id: string; snapshot?: string };

export interface Volumes {
  list(): Promise<string[]>;
  createFromImage(id: string, fingerprint: string, work?: Work): Promise<void>;
  createEmpty(id: string, work?: Work): Promise<void>;
  /** Copies the volume, or one of its snapshots, to a new volume. */
  copy(from: VolumeState, to: string, work?: Work): Promise<void>;
  /**
   * Makes a volume, or a snapshot of one, by calling `fill` with its empty root directory (unshifted ids, no foreign
   * mounts below); it becomes visible only when `fill` resolves.
   */
  create(at: VolumeState, fill: (root: string) => Promise<void>, work?: Work): Promise<void>;
  /** The same with the content of the directory at `path` (unshifted ids): that of a volume in another pool. */
  copyFrom(path: string, at: VolumeState, work?: Work): Promise<void>;
  /** The volume `by` takes the place of `id`, whose own state goes. Snapshots of `id` stay, those of `by` go. */
  replace(id: string, by: string): Promise<void>;
  remove(id: string): Promise<void>;

  /** Snapshots without their volume are not shown, and swept; they may be made before it. */
  snapshots(id: string): Promise<string[]>;
  /** The caller sees to it that nobody writes meanwhile (a running guest is frozen). */
  snapshot(id: string, snapshot: string, work?: Work): Promise<void>;
  /** Copies a state of any volume to a new snapshot. */
  copySnapshot(from: VolumeState, to: Required<VolumeState>, work?: Work): Promise<void>;
  /** Replaces the volume's content by the snapshot's; the snapshot stays. The volume is not mounted. */
  restore(id: string, snapshot: string, work?: Work): Promise<void>;
  removeSnapshot(id: string, snapshot: string): Promise<void>;

  /**
   * Mounts the volume at `target` (made when it is not there) in the daemon's mount namespace. Without `range` ids appear
   * unshifted (for export and publish). `snapshot` mounts that state, read-only.
   */
  mount(id: string, target: string, options: { range?: IdRange; snapshot?: string; readOnly?: boolean }): Promise<void>;
  /** Detaches at once and takes the empty directory away; a guest that runs on it keeps it. Not mounted: succeeds. */
  unmount(target: string): Promise<void>;
  /**
   * Bytes that this volume alone takes (shared image trees not counted). With `recent` it may be what was measured before,
   * for lists: it is measured again behind their back.
   */
  usage(id: string, snapshot?: string, options?: { recent?: boolean }): Promise<number>;
}

export type CustomContent =
  /** Owner and mode of its top directory, as ids inside. */
  { kind: 'filesystem'; uid?: number; gid?: number; mode?: number } | { kind: 'block'; sizeBytes: number };

export interface CustomVolumes extends Omit<Volumes, 'createFromImage' | 'createEmpty' | 'create'> {
  createEmpty(id: string, content: CustomContent, work?: Work): Promise<void>;
  /**
   * Makes a volume, or a snapshot of one, by calling `fill` with the path of its content: an empty directory or an empty
   * file. It becomes visible only when `fill` resolves.
   */
  create(
    at: VolumeState,
    kind: CustomContent['kind'],
    fill: (path: string) => Promise<void>,
    work?: Work,
  ): Promise<void>;
  /** Makes a volume with block content of the bytes of a stream, and tells how many they were. */
  receive(id: string, bytes: NodeJS.ReadableStream, work?: Work): Promise<number>;
  /** Copies what lies at `path`: the content of a volume in another pool. */
  copyFrom(path: string, at: VolumeState, work?: Work): Promise<void>;
  /** The directory or file with the volume's content, unshifted. It is not looked for. */
  path(at: VolumeState, kind: CustomContent['kind']): string;
  /** Block content grows; it never shrinks. */
  grow(id: string, sizeBytes: number): Promise<void>;
}
