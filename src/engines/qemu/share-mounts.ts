/**
 * Shares are mounted inside by the guest's agent once it answers: at the start of the machine, when the system in it starts anew,
 * and when a daemon finds it. Who has no agent mounts them by their tags (mount -t virtiofs TAG PATH, or a line of /etc/fstab).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MachinePart } from '../../core/ports/machine-parts.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Layout } from './layout.ts';
import type { Reach } from './reach.ts';
import { readRecord } from './record.ts';

type Share = Extract<MachinePart, { share: unknown }>;

/** A guest without an agent is not asked for ever. */
const patienceMs = 10 * 60_000;
const waitMs = 1000;
const pauseMs = 2000;
const doneMs = 10_000;

/** $1: tag, $2: path, $3: options. A share that is there already stays. */
const mountScript = `
while read -r source path _; do [ "$source:$path" != "$1:$2" ] || exit 0; done < /proc/mounts
mkdir -p "$2" && mount -t virtiofs -o "$3" "$1" "$2"`;

export type ShareMounts = Disposable & { follow(id: string): void; forget(id: string): void };

export function createShareMounts(layout: Layout, { agent }: Pick<Reach, 'agent'>): ShareMounts {
  const followed = new Map<string, AbortController>();
  const forget = (id: string) => {
    followed.get(id)?.abort();
    followed.delete(id);
  };

  async function mountAll(id: string, shares: readonly Share[], signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + patienceMs;
    let left = shares;
    while (left.length > 0 && Date.now() < deadline && !signal.aborted) {
      const rest: Share[] = [];
      for (const part of left) if (!(await mountOne(id, part).catch(givenUp))) rest.push(part);
      left = rest;
      if (left.length > 0) await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  /** True when there is nothing left to do. */
  async function mountOne(id: string, { share: { mount, tag } }: Share): Promise<boolean> {
    const arg = ['-c', mountScript, 'sh', tag, mount.path, mount.readOnly ? 'ro' : 'rw'];
    const ask = { path: '/bin/sh', arg, 'capture-output': false };
    const { pid } = await agent(id, async (one) => (await one.ask('guest-exec', ask)) as { pid: number }, waitMs);
    const deadline = Date.now() + doneMs;
    while (Date.now() < deadline) {
      const status = await agent(id, (one) => one.ask('guest-exec-status', { pid }), waitMs);
      const { exited, exitcode } = status as { exited: boolean; exitcode?: number };
      if (exited) return exitcode === 0;
      await sleep(pauseMs / 10);
    }
    return false;
  }

  return {
    follow(id) {
      const shares = (readRecord(layout, id)?.parts ?? []).filter((part): part is Share => 'share' in part);
      if (shares.length === 0) return;
      forget(id);
      const stop = new AbortController();
      followed.set(id, stop);
      void mountAll(id, shares, stop.signal);
    },
    forget,
    [Symbol.dispose]() {
      for (const id of [...followed.keys()]) forget(id);
    },
  };
}

/** A machine that has ended needs nothing more; everything else may work the next time. */
const givenUp = (error: unknown): boolean => error instanceof HostError && error.errno === 'ESRCH';
