/**
 * THE MIGRATION PORT: the way of an instance or a volume from one server to another, as Incus and LXD go it.
 *
 * Vocabulary. The *source* has the thing, the *target* gets it. They speak over two websockets: *control* (an offer, an
 * answer, and at the end a word of the target) and *fs* (an index, then the files, state by state). Which of the two has
 * dialled, or whether a client stands in between and passes frames on, makes no difference here. A *state* is what a
 * snapshot or the thing itself holds; snapshots travel first, the oldest first, each onto the tree that the one before left.
 *
 * Laws (test/contract/migration.suite.ts):
 * - `receive` resolves only after `finish` has resolved and the source has been told so; whatever fails before is told to
 *   the other side in words, and rejects on both sides. Both sockets are closed in every case.
 * - The peer is a stranger: no file outside of the lent directory is read or written, no device node and no owner outside of
 *   a guest's ids is left in it, silence ends in a refusal.
 * - Files arrive with content, owner, mode, times, extended attributes, capabilities and holes; hard links and access lists
 *   arrive where both sides know how to send them.
 * - A machine that comes while it runs (`live`) runs at one side only, whatever fails and whoever is killed: before the source
 *   has said that it lets go of it, it runs on there; afterwards it stands still there until the target says that it runs, or
 *   that it does not. Who hears nothing of it does not guess.
 */
import type { Duplex } from 'node:stream';
import type { Channel } from '../../api/handlers.ts';
import type { BesideTree } from './backups.ts';
import type { ArrivingDisk, DiskContent } from './disk-content.ts';
import type { MachineDescription } from './machine-moving.ts';

/** `state` is opened when a machine comes while it runs. */
export type Sockets = { control: Channel; fs: Channel; state?: () => Promise<Channel> };

/**
 * Containers (`instance`) travel as a directory with `rootfs` and the image's metadata in it, volumes as they are. Machines
 * travel as a directory with the metadata alone, and their disk after it, state by state.
 */
export type MigrationKind = 'instance' | 'machine' | 'volume';

export type TravellingSnapshot = {
  name: string;
  config: Record<string, string>;
  devices: Record<string, Record<string, string>>;
  profiles: string[];
  ephemeral: boolean;
  stateful: boolean;
  architecture: string;
  createdAt: Date;
  lastUsedAt: Date | undefined;
  /** Undefined: never. */
  expiresAt: Date | undefined;
};

export type MigrationOffer = {
  kind: MigrationKind;
  /** Oldest first. */
  snapshots: TravellingSnapshot[];
  /** Of a machine's disk. */
  diskBytes?: number;
  /** A machine that runs, with its memory. */
  live?: boolean;
  /** What is told of the thing beside its files, in the shapes of the API (`Container`, `Snapshots`, `Volume`, ...). */
  index: Record<string, unknown>;
};

/** `rootfs` is a mounted directory with unshifted ids; machines have a disk instead. */
export type LentTree = {
  rootfs?: string;
  disk?: LentDisk;
  /** What lies beside it. Given when sending, replaced when receiving; volumes have nothing there. */
  beside: BesideTree;
};

/** What is sent, or what takes the bytes that arrive: all of them. */
export type LentDisk = { content: DiskContent } | { receive(disk: ArrivingDisk): Promise<void> };

/** What has to be known of a machine before it comes while it runs. */
export type LiveMachine = { diskBytes: number; described: MachineDescription };

/** Both ways each; what breaks them is told by the migration itself. */
export type LiveStreams = { memory: Duplex; disk: Duplex };

/** Whether the machine runs over there, and since when by the clock there; nothing was heard: it may. */
export type HandedOver = { taken: true; wentOnAt: Date | undefined } | { taken: false };

export type LiveSource = {
  machine: LiveMachine;
  /**
   * Sends the machine. When it stands still and all of it has gone, `handOver` asks the other side to let it go on there: it
   * rejects when it surely does not run there. From `handOver` on the caller's own signal calls nothing off any more.
   */
  send(streams: LiveStreams, options: { handOver(): Promise<HandedOver>; signal: AbortSignal }): Promise<void>;
};

export type LiveWire = {
  /** The machine waits: its memory and its disk may come. */
  ready(): Promise<LiveStreams>;
  /** The source has let go of it, and no cancelling is heard here from now on. */
  handedOver(): Promise<void>;
  signal: AbortSignal;
};

export type MigrationSource = {
  offer: MigrationOffer;
  /** Of an offer that is live: the thing itself is lent without its disk. */
  live?: LiveSource;
  /** Lends a state for as long as `use` runs; without a name the thing itself. */
  lend(snapshot: string | undefined, use: (tree: LentTree) => Promise<void>): Promise<void>;
};

export type MigrationTarget = {
  kind: MigrationKind;
  /**
   * A machine comes while it runs, in place of its disk and of `finish`. Resolves when it runs here and that is noted; when it
   * rejects, it does not run here, and nothing is left of it, or else it rejects with `MigrationUnsure`.
   */
  live?(machine: LiveMachine, wire: LiveWire): Promise<{ wentOnAt: Date }>;
  /** The thing is there already, and only what differs is wanted. */
  refresh: boolean;
  /** Which snapshots of the offer are wanted, oldest first. Throws to refuse the whole. */
  choose(offer: MigrationOffer): TravellingSnapshot[] | Promise<TravellingSnapshot[]>;
  /** Lends the tree that is to be filled, with what the state before left in it; without a snapshot it is the thing itself. */
  lend(use: (tree: LentTree) => Promise<void>, snapshot: TravellingSnapshot | undefined): Promise<void>;
  /** The tree holds this snapshot now. */
  keep(snapshot: TravellingSnapshot): Promise<void>;
  /** All has arrived; the index may be looked at. Only when this has resolved the source is told of success. */
  finish(index: Record<string, unknown>): Promise<void>;
};

export type MigrationOptions = {
  signal: AbortSignal;
  /** Bytes that went over the fs socket so far. */
  onProgress?(bytes: number): void;
};

export interface Migration {
  send(sockets: Sockets, source: MigrationSource, options: MigrationOptions): Promise<void>;
  receive(sockets: Sockets, target: MigrationTarget, options: MigrationOptions): Promise<void>;
  /** Clears what a killed daemon left. */
  sweep(): Promise<string[]>;
}

/** Nobody can tell whether the machine runs at the one side or the other: neither side does anything more on its own. */
export class MigrationUnsure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MigrationUnsure';
  }
}

/** The other side refused, broke the rules, or went away; the message is for the user. */
export class MigrationRefused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MigrationRefused';
  }
}
