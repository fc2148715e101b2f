/** Making a guest stand still: by the freezer of its control group or, where it has none, by a signal to each of its processes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostError } from '../lib/host-error.ts';
import { readText, writeText } from './cgroup-files.ts';
import type { CgroupLayout } from './cgroup-layout.ts';
import { areStopped, continueProcesses, stopProcesses } from './guest-processes.ts';
import { waitUntil } from './process.ts';

export type Freezer = {
  freeze(id: string): Promise<void>;
  thaw(id: string): Promise<void>;
  isFrozen(id: string): boolean;
  /** Before it is killed: lets go, waits for nothing, and is content with a guest of which nothing is left. */
  release(id: string): void;
};

const settleMs = 10_000;
const triesMs = 100;
const breathMs = 10;

/** `directoryOf`: the guest's group in the hierarchy of the freezer. */
export function groupFreezer(freezer: CgroupLayout['freezer'], directoryOf: (id: string) => string): Freezer {
  const isFrozen = (id: string) => freezer.isFrozen((file) => readText(directoryOf(id), file));
  const set = (id: string, value: string) => writeText(join(directoryOf(id), freezer.file), value);
  return {
    isFrozen,
    // On v1 a process that waits for its vfork(2) to exec does not freeze, and the child is frozen before it: both are let go
    // for a moment and tried again, as runc does.
    async freeze(id) {
      const deadline = Date.now() + settleMs;
      for (;;) {
        set(id, freezer.frozen);
        try {
          return await waitUntil(() => isFrozen(id), { timeoutMs: triesMs, what: `guest ${id}: freeze` });
        } catch (error) {
          set(id, freezer.thawed);
          if (Date.now() > deadline) throw error;
        }
        await sleep(breathMs);
      }
    },
    async thaw(id) {
      set(id, freezer.thawed);
      await waitUntil(() => !isFrozen(id), { timeoutMs: settleMs, what: `guest ${id}: thaw` });
    },
    // On v1 a frozen process does not die, and one that is just being frozen is not yet told as frozen.
    release(id) {
      if (existsSync(join(directoryOf(id), freezer.file))) set(id, freezer.thawed);
    },
  };
}

export function processFreezer(initOf: (id: string) => number | undefined): Freezer {
  const release = (id: string) => {
    const init = initOf(id);
    if (init !== undefined) continueProcesses(init);
  };
  return {
    release,
    thaw: async (id) => release(id),
    isFrozen(id) {
      const init = initOf(id);
      return init !== undefined && areStopped(init);
    },
    async freeze(id) {
      const init = initOf(id);
      if (init === undefined)
        throw new HostError('freezing needs the cgroup controller "freezer", which is not mounted');
      await stopProcesses(init);
    },
  };
}
