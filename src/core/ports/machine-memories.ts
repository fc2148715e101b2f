/**
 * Memory of virtual machines in a pool (`Pool.memories`), beside their disks: that of a snapshot under the machine's id and the
 * snapshot's, that of a machine that was stopped with it under the machine's id alone. What is in a file is the engine's
 * affair (machine-states.ts).
 *
 * Laws (test/contract/machine-memories.test.ts):
 * - A memory is whole or not there, and on the disk when it is there; nobody changes it afterwards.
 * - `remove` of what is not there is no error; removing a machine's own with `removeAll` removes those of its snapshots, too.
 * - `sweep` of the pool clears what belongs to no disk or snapshot of a disk any more.
 */
import type { VolumeState, Work } from './storage.ts';

export interface MachineMemories {
  /** Calls `fill` with the path of a file that is not there yet. What was there under this name goes when it is whole. */
  create(at: VolumeState, fill: (path: string) => Promise<void>, work?: Work): Promise<void>;
  /** The file; undefined when there is none. */
  find(at: VolumeState): Promise<string | undefined>;
  /** The same memory under another name, at no cost. Nothing when there is none. */
  link(from: VolumeState, to: VolumeState): Promise<void>;
  /** That of another pool. Nothing when there is none. */
  copyFrom(pool: MachineMemories, from: VolumeState, to: VolumeState, work?: Work): Promise<void>;
  remove(at: VolumeState): Promise<void>;
  removeAll(id: string): Promise<void>;
  bytes(at: VolumeState): Promise<number>;
  /** Ids of machines that have a memory of their own. */
  list(): Promise<string[]>;
}
