/** What differs between drivers that keep volumes as directories: how one is filled, duplicated and mounted. */
import type { IdRange } from '../core/ports/id-range.ts';
import type { Work } from '../core/ports/storage.ts';

export type ImageTree = { fingerprint: string; directory: string };

export type VolumeFormat = {
  /** Part of a volume's directory whose bytes are the volume's own. */
  readonly content: string;
  /** Fills the new, empty directory of a volume. */
  fill(directory: string, image: ImageTree | undefined, work: Work): Promise<void>;
  /** Fills the new, empty directory `to` with the state of the volume or snapshot `from`. */
  duplicate(from: string, to: string, work: Work): Promise<void>;
  /** Mounts a volume or snapshot; `treeOf` finds image trees. */
  mount(directory: string, target: string, options: MountOptions): Promise<void>;
  unmount(target: string): Promise<void>;
  /** Fingerprint of the image that the volume or snapshot cannot be without. */
  standsOn(directory: string): Promise<string | undefined>;
};

export type MountOptions = {
  range: IdRange | undefined;
  readOnly: boolean;
  treeOf(fingerprint: string): string;
};
