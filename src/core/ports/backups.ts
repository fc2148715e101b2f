/**
 * THE BACKUPS PORT: tarballs of instances and volumes in the layout of Incus, kept in a directory of the daemon, and those
 * that clients send.
 *
 * Vocabulary. A backup has an *index* (`backup/index.yaml`, its first member) and *states* below `backup/`: `container`,
 * `snapshots/NAME`, `volume`, `volume-snapshots/NAME`. A state has a tree of files, at its top or at `rootfs` in it, and
 * may have small files beside that. States that are disks (`virtual-machine`, `virtual-machine-snapshots/NAME`, and `volume`
 * of a volume of blocks) have a file `STATE.img` with the bytes of the disk in place of the tree.
 *
 * Laws (test/contract/backups.suite.ts):
 * - Making, receiving and unpacking is all or nothing; what is killed half-way is invisible to `list`, and swept.
 * - A tree comes back with owners, modes, times, links, extended attributes, access lists, capabilities and holes.
 * - Nothing of a received archive is taken at its word: names that lead out, devices, absurd sizes and bombs are refused
 *   with the member's name; only what lies in the tree of a state is written, and only into the directory given for it.
 */
import type { ArrivingDisk, DiskContent } from './disk-content.ts';
import type { ImageMetadata } from './images.ts';
import type { MachineFileMap } from './machine-files.ts';

export type BackupFile = { sizeBytes: number; modifiedAt: Date; open(): NodeJS.ReadableStream };

export type PackedState = {
  /** Below `backup/`. */
  name: string;
  /** A directory with unshifted ids, and where its content goes in the state: `rootfs`, or empty for the top of it. */
  tree: { directory: string; place: 'rootfs' | '' };
  /** Files beside the tree, by their path in the state: texts as they are, everything else as YAML. */
  files?: Record<string, unknown>;
};

export type PackedDisk = {
  /** Below `backup/`. */
  name: string;
  /** Files in the folder of the state, by their path there: texts and bytes as they are, everything else as YAML. */
  files?: Record<string, unknown>;
  /** Opened when its turn has come: it may take room. */
  open(): Promise<DiskContent>;
};

export type BackupWork = { progress?: (bytes: number) => void; signal?: AbortSignal };

export interface BackupFiles {
  /** Words that `compression` may be. */
  readonly compressions: readonly string[];
  /** Makes the kept backup `id`; `index` is written as YAML. */
  create(
    id: string,
    content: { index: unknown; states: readonly PackedState[] },
    options: BackupWork & { compression: string },
  ): Promise<{ sizeBytes: number }>;
  createOfDisks(
    id: string,
    content: { index: unknown; states: readonly PackedDisk[] },
    options: BackupWork & { compression: string },
  ): Promise<{ sizeBytes: number }>;
  open(id: string): Promise<BackupFile>;
  list(): Promise<string[]>;
  /** Succeeds when it is not there. */
  remove(id: string): Promise<void>;
  /** Takes what a client sends, in any known compression, and reads its index; the rest is checked while it is unpacked. */
  receive(stream: NodeJS.ReadableStream, work: BackupWork): Promise<ReceivedBackup>;
  /** Clears what an interrupted call left behind. Returns what was cleared. */
  sweep(): Promise<string[]>;
}

/** An archive that lies here until it is disposed of. */
export type ReceivedBackup = AsyncDisposable & {
  sizeBytes: number;
  /** The parsed YAML, whatever it holds. */
  index: unknown;
  /**
   * Shows each state in the order of the archive; `fill` writes its tree into an empty directory. A state whose `fill` is
   * not called is passed over. `place`: where in the states their trees lie. `idBase`: where ids begin in the archive, if not
   * at 0; those below it stay as they are. Resolves with what lay beside the trees, by state.
   */
  unpack(
    place: PackedState['tree']['place'],
    visit: StateVisitor,
    work: BackupWork & { idBase?: number },
  ): Promise<Map<string, BesideTree>>;
  /** Shows each disk in the order of the archive; pieces that are not read are passed over. Else as `unpack`. */
  unpackDisks(visit: DiskVisitor, work: BackupWork): Promise<Map<string, BesideTree>>;
};
/** The image's metadata, when it can be read, and the texts of its templates by their file names. */
export type BesideTree = {
  metadata?: ImageMetadata;
  templates: Record<string, string>;
  /** Of virtual machines. */
  machine?: MachineFileMap;
};
export type DiskVisitor = (name: string, disk: ArrivingDisk) => Promise<void>;
export type StateVisitor = (name: string, fill: (directory: string) => Promise<void>) => Promise<void>;

/** Expected refusals of this port; the core turns them into catalogue errors. */
export class BackupRefused extends Error {
  readonly reason: 'broken' | 'hostile' | 'unsupported' | 'too-big' | 'no-space' | 'not-found';
  readonly help: string | undefined;
  constructor(reason: BackupRefused['reason'], message: string, help?: string) {
    super(message);
    this.name = 'BackupRefused';
    this.reason = reason;
    this.help = help;
  }
}
