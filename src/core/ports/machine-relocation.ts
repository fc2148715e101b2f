/**
 * Files of a machine that runs move to other places (`Engine.relocation`), to another pool for instance.
 *
 * Laws (test/integration/qemu-relocation.root.test.ts):
 * - The machine runs meanwhile; what it writes is in the files that were noted last, whoever is killed when.
 * - `note` is called once, at a moment at which old and new files are alike, on disk, and nothing is written. When anything
 *   fails before it has resolved, the machine goes on with the old files, and the new ones are worth nothing.
 * - `settle` brings a machine that a killed daemon has left in between to the files that are noted.
 */
export type MovedFile =
  /** A disk; `to` is an empty qcow2 file of its size. */
  | { disk: string; to: string }
  /** The variables of its firmware; `to` is a file of the size of `from`. Passed over when the machine does not use it. */
  | { from: string; to: string };

export type MachineRelocation = {
  files: readonly MovedFile[];
  /** Notes the new places, so that the next daemon knows them. */
  note(): Promise<void>;
  /** 0..1 */
  onProgress?(part: number): void;
};

export interface Relocation {
  move(id: string, moving: MachineRelocation, signal?: AbortSignal): Promise<void>;
  /** `files`: all of the machine that are written to, as they were noted. Nothing to do is no error. */
  settle(id: string, disk: string, files: readonly string[]): Promise<void>;
}
