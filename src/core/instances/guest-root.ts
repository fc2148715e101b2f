/**
 * The way to a guest's files: the root of a running guest, or the mounted volume of a stopped one; a virtual machine has to
 * run, and is asked. Whoever works on the
 * files of a stopped guest at the same time shares one mount and one turn in its queue; when somebody else wants that turn
 * (a start, a deletion), newcomers wait behind them.
 */
import { execEnvironment } from '../../api/config-keys/instance.ts';
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import type { AnyRoot, GuestRoot, MachineRoot } from '../ports/files.ts';
import { instanceById } from './find.ts';
import { rangeOf } from './ids.ts';

export type GuestRootNeeds = Pick<
  House,
  'documents' | 'engines' | 'runtime' | 'pools' | 'queue' | 'mountDirectory' | 'facts'
>;

export type RootTurn = {
  /** Aborts when the guest has ended: its files are no longer there. */
  ended: AbortSignal;
  /** Aborts when somebody else waits for the volume of a stopped guest. */
  wanted?: AbortSignal;
};
type Work<T> = (root: AnyRoot, turn: RootTurn) => Promise<T>;
export type UseGuestRoot = <T>(doc: InstanceDoc, work: Work<T>) => Promise<T>;

type Lease = { users: number; closed: boolean; root: GuestRoot; turn: RootTurn; idle: () => void };

export function createGuestRoots(house: GuestRootNeeds): UseGuestRoot {
  const leases = new Map<string, Promise<Lease | undefined>>();
  return async (doc, work) => {
    if (doc.type === 'virtual-machine') return whileRunning(house, doc, machineRoot(house, doc), work);
    for (;;) {
      if (house.runtime.get(doc.id)) return whileRunning(house, doc, await runningRoot(house, doc), work);
      const lease = await joined(house, leases, doc.id);
      // Undefined: it was started before our turn came.
      if (!lease) continue;
      try {
        return await work(lease.root, lease.turn);
      } finally {
        lease.users -= 1;
        if (lease.users === 0) lease.idle();
      }
    }
  };
}

/** Its disk is its own affair: what is on it, only the machine itself can tell. */
function machineRoot(house: GuestRootNeeds, { id, name, phase }: InstanceDoc): MachineRoot {
  if (!house.runtime.get(id)) fail('instance.machine-files', { name });
  if (phase === 'frozen') fail('instance.frozen', { name });
  const own = { cwd: '/', user: 0, group: 0, environment: { ...execEnvironment, HOME: '/root', USER: 'root' } };
  return { exec: (command) => house.engines['virtual-machine'].exec(id, { ...own, command }) };
}

async function runningRoot(house: GuestRootNeeds, doc: InstanceDoc): Promise<GuestRoot> {
  return { path: await house.engines[doc.type].rootPath(doc.id), range: rangeOf(house, doc) };
}

async function whileRunning<T>(house: GuestRootNeeds, doc: InstanceDoc, root: AnyRoot, work: Work<T>): Promise<T> {
  const ended = new AbortController();
  const done = new AbortController();
  house.runtime.whenEnded(doc.id, undefined, done.signal).then(
    () => ended.abort(),
    () => {},
  );
  try {
    return await work(root, { ended: ended.signal });
  } finally {
    done.abort();
  }
}

/** The mount that others have, or one of our own; the caller is counted in already. */
async function joined(
  house: GuestRootNeeds,
  leases: Map<string, Promise<Lease | undefined>>,
  id: string,
): Promise<Lease | undefined> {
  const shared = await leases.get(id)?.catch(() => undefined);
  if (shared && !shared.closed && !shared.turn.wanted?.aborted) {
    shared.users += 1;
    return shared;
  }
  const own = openLease(house, id, () => {
    if (leases.get(id) === own) leases.delete(id);
  });
  leases.set(id, own);
  return own;
}

/** Takes the instance's turn and keeps it until the last user has left. */
function openLease(house: GuestRootNeeds, id: string, closing: () => void): Promise<Lease | undefined> {
  const opened = Promise.withResolvers<Lease | undefined>();
  house
    .queue(id, async ({ wanted }) => {
      const doc = instanceById(house, id);
      if (house.runtime.get(id)) {
        closing();
        return opened.resolve(undefined);
      }
      if (doc.phase !== 'stopped') fail('instance.busy', { action: doc.phase });
      const pool = house.pools.get(doc.pool) ?? fail('pool.closed', { name: doc.pool, reason: 'see gast doctor' });
      const target = `${house.mountDirectory}/${id}`;
      await pool.volumes.mount(id, target, { range: rangeOf(house, doc) });
      const { promise, resolve } = Promise.withResolvers<void>();
      const turn = { ended: new AbortController().signal, wanted };
      const lease: Lease = { users: 1, closed: false, root: { path: target, range: rangeOf(house, doc) }, turn, idle };
      function idle() {
        lease.closed = true;
        closing();
        resolve();
      }
      opened.resolve(lease);
      await promise;
      await pool.volumes.unmount(target);
    })
    .catch((error: unknown) => {
      closing();
      opened.reject(error);
    });
  return opened.promise;
}
