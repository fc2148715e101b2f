/**
 * Small files that belong to a virtual machine beside its disks: the variables of its firmware, the store of its TPM. They lie
 * in the pool of its root disk (`Pool.machineFiles`), under the same names: a machine's id, and the ids of its snapshots.
 *
 * Laws (src/storage/machine-files.test.ts):
 * - A state without files is no error: it is copied as one without files, removed without a word.
 * - A copy is whole or not there, and takes the place of what was there. Removing a machine removes its snapshots.
 * - Nothing of it is reachable for other users of the host; `folder` may be handed to programs of this one machine.
 */
import type { VolumeState } from './storage.ts';

export interface MachineFiles {
  /** Where the files of a state lie; there may be none. */
  folder(at: VolumeState): string;
  /** The folder of the machine itself, made when it is not there. */
  make(id: string): Promise<string>;
  /** Copies all that is in the folder at `path`, which may be absent: one of this pool, of another, or a received one. */
  copyFrom(path: string, to: VolumeState): Promise<void>;
  /** All of them, by their path in the folder, to be sent somewhere. */
  read(at: VolumeState): Promise<MachineFileMap>;
  /** Those that somebody sent; names that such files do not have are refused. They take the place of what was there. */
  write(to: VolumeState, files: MachineFileMap): Promise<void>;
  remove(at: VolumeState): Promise<void>;
}

export type MachineFileMap = Readonly<Record<string, Buffer>>;

/** Variables of the firmware, named as Incus does, and the store of a TPM. */
export const isMachineFile = (path: string): boolean =>
  /^(qemu\.([a-z]+\.)?nvram|tpm(\.[A-Za-z0-9][A-Za-z0-9._-]{0,60})?\/[A-Za-z0-9][A-Za-z0-9._-]{0,60})$/.test(path);
/** Of one of them. */
export const machineFileBytes = 8 * 1024 * 1024;
