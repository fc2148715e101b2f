/**
 * Memory of virtual machines in files (`Engine.states`). A file holds all that a machine is at one moment but its disks, and
 * what it was made of. A machine goes on from it when it is created with `Machine.incoming`: `start` takes the memory up and
 * leaves it standing still, `unfreeze` lets it go on. The caller sees to it that its disks are what they were at that moment.
 *
 * Laws (test/integration/qemu-states.root.test.ts):
 * - What is saved goes on exactly there: no tick of the guest is lost and none comes twice.
 * - The machine runs while it is saved, and stands still only for what has changed meanwhile and for the switch of its disk.
 * - A save that fails or is aborted leaves a machine that runs on. So does a daemon that is killed in the middle: the next
 *   one calls the save off; a machine that was left standing still is told as frozen.
 * - A file is refused with the reason by a machine that is made of other things than the one that was saved.
 */
export type SaveOptions = {
  /** The disk that is switched at the moment that is saved; see `Engine.disks.switchTo`. */
  switched?: { disk: string; overlay: string };
  /** The machine stands still afterwards, until it is told to go on or ended. */
  standStill?: boolean;
  signal?: AbortSignal;
};

export interface MachineStates {
  /**
   * Writes the memory of a machine that runs into a new file at `path`. Rejects with `HostError` and the reason where a device
   * of it cannot be saved. Tells how long the machine stood still, unless it still does.
   */
  save(id: string, path: string, options?: SaveOptions): Promise<{ pauseMs?: number }>;
}
