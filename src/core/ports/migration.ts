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
 */
import type { Channel } from '../../api/handlers.ts';
import type { BesideTree } from './backups.ts';

export type Sockets = { control: Channel; fs: Channel };

/** Instances travel as a directory with `rootfs` and the image's metadata in it, volumes as they are. */
export type MigrationKind = 'instance' | 'volume';

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
  /** What is told of the thing beside its files, in the shapes of the API (`Container`, `Snapshots`, `Volume`, ...). */
  index: Record<string, unknown>;
};

/** `rootfs` is a mounted directory with unshifted ids. */
export type LentTree = {
  rootfs: string;
  /** What lies beside it. Given when sending, replaced when receiving; volumes have nothing there. */
  beside: BesideTree;
};

export type MigrationSource = {
  offer: MigrationOffer;
  /** Lends a state for as long as `use` runs; without a name the thing itself. */
  lend(snapshot: string | undefined, use: (tree: LentTree) => Promise<void>): Promise<void>;
};

export type MigrationTarget = {
  kind: MigrationKind;
  /** The thing is there already, and only what differs is wanted. */
  refresh: boolean;
  /** Which snapshots of the offer are wanted, oldest first. Throws to refuse the whole. */
  choose(offer: MigrationOffer): TravellingSnapshot[] | Promise<TravellingSnapshot[]>;
  /** Lends the tree that is to be filled, with what the state before left in it. */
  lend(use: (tree: LentTree) => Promise<void>): Promise<void>;
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

/** The other side refused, broke the rules, or went away; the message is for the user. */
export class MigrationRefused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MigrationRefused';
  }
}
