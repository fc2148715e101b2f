/**
 * Repair at the start of the daemon: what the host has is compared with the documents, and each difference is settled.
 * It runs before the first request is answered. Only things that carry our mark are ever touched.
 */
import { sweepBackups } from '../backups/change.ts';
import type { House } from '../house.ts';
import { type ImageDoc, type InstanceDoc, keys, type NetworkDoc, type SnapshotDoc } from '../model.ts';
import { nicSpecs } from '../networks/nics.ts';
import { fullNetworkSpec } from '../networks/spec.ts';
import type { EndCause, Observed } from '../ports/engine.ts';
import type { FoundNic } from '../ports/network.ts';
import type { ProxySpec } from '../ports/proxies.ts';
import { upgradeDocuments } from '../server/upgrade.ts';
import { clearVolumes } from '../volumes/sweep.ts';
import { applyEvent } from './change.ts';
import { clearInstance } from './delete.ts';
import { clearAfterEnd, type EndedNeeds, startAgain } from './ended.ts';
import { observeGuests, removeGuest } from './engines.ts';
import { allInstances } from './find.ts';
import { sweepMetadata } from './guest-metadata.ts';
import { warnHandedOver } from './handed-over.ts';
import { settleDevices } from './hot-plug.ts';
import { settlePlace } from './move-live.ts';
import { type ReplaceNeeds, replaceRootAgain } from './replace-root.ts';
import { type Roots, rootsIn } from './roots.ts';

export type ReconcileNeeds = EndedNeeds & ReplaceNeeds & Pick<House, 'hostNames' | 'migration'>;
type RunningObserved = Extract<Observed, { pid: number }>;

export async function reconcile(house: ReconcileNeeds): Promise<void> {
  await upgradeDocuments(house);
  await clearStorage(house);
  const nics = await repairNetworks(house);
  const proxies = await house.proxies.list();
  const observed = await observeGuests(house);
  const succeeded = new Set<string>();
  const rebooting: InstanceDoc[] = [];
  for (const doc of allInstances(house)) {
    try {
      const { reached = false, again = false } = await settle(house, doc, observed.get(doc.id), { nics, proxies });
      if (reached && doc.operation) succeeded.add(doc.operation);
      if (again) rebooting.push(doc);
    } catch (error) {
      // One guest that cannot be repaired must not keep the others from their daemon.
      house.events.logging('error', `The instance ${doc.name} could not be repaired: ${reasonOf(error)}`, {
        instance: doc.name,
      });
    }
  }
  house.operations.settleInterrupted(succeeded);
  const known = new Set(allInstances(house).map((doc) => doc.id));
  for (const id of observed.keys()) if (!known.has(id)) await removeGuest(house, id);
  await clearNics(house, nics);
  await clearProxies(house);
  // Last: their new network cards have the names of those that were just cleared.
  for (const doc of rebooting) startAgain(house, doc);
}

/** What of the guests the host has. */
type Found = { nics: readonly FoundNic[]; proxies: readonly ProxySpec[] };

/** `reached`: the operation of the phase has its goal. `again`: it was on its way up, or down and up. */
type Settled = { reached?: boolean; again?: boolean };

/** Brings one instance out of whatever phase the last daemon left it in. */
async function settle(
  house: ReconcileNeeds,
  doc: InstanceDoc,
  guest: Observed | undefined,
  found: Found,
): Promise<Settled> {
  const running = guest?.state === 'running' || guest?.state === 'frozen' ? guest : undefined;
  switch (doc.phase) {
    case 'creating':
      // One that came here while it ran, and was told to go on: it runs nowhere else.
      if (doc.type === 'virtual-machine' && guest?.state === 'running') {
        await finishArrival(house, doc, guest, found);
        return { reached: true };
      }
      await clearInstance(house, doc);
      return {};
    case 'deleting':
      await clearInstance(house, doc);
      return { reached: true };
    case 'restoring':
      // Only a stopped guest is restored; one that is there all the same must not run on the replaced files.
      if (guest) await house.engines[doc.type].remove(doc.id);
      await finishReplacing(house, doc);
      return { reached: true };
    case 'stopped':
      await finishEnd(house, doc, guest);
      return { again: doc.rebooting === true };
    case 'starting': {
      // A machine with its memory taken up, and not yet told to go on.
      const isBegun = running && !(doc.type === 'virtual-machine' && running.state === 'frozen');
      if (isBegun) await finishStart(house, doc, running, found);
      else await undoStart(house, doc);
      return isBegun ? { reached: true } : { again: doc.rebooting === true };
    }
    case 'running':
    case 'frozen':
    case 'stopping': {
      if (!running) {
        const cause: EndCause = guest?.state === 'ended' ? guest.cause : { kind: 'unknown' };
        const again = await clearAfterEnd(house, doc.id, cause, { unattended: true });
        return { reached: doc.phase === 'stopping', again: again !== undefined };
      }
      adopt(house, doc, running, found);
      await settlePlace(house, doc);
      await followFreezer(house, doc, running);
      await settleDevices(house, doc, found.nics);
      return {};
    }
  }
}

async function finishReplacing(house: ReconcileNeeds, doc: InstanceDoc): Promise<void> {
  try {
    await replaceRootAgain(house, doc);
  } catch (error) {
    await applyEvent(house, doc.id, 'restored');
    throw error;
  }
}

/** The end was noted, what comes after it perhaps not done. */
async function finishEnd(house: ReconcileNeeds, doc: InstanceDoc, guest: Observed | undefined): Promise<void> {
  if (guest) await house.engines[doc.type].remove(doc.id);
  if (doc.ephemeral && !doc.rebooting && doc.lastEnd && doc.lastEnd.kind !== 'rebooting')
    await clearInstance(house, doc);
}

/** It got as far as its init: only the notes are missing. */
async function finishStart(
  house: ReconcileNeeds,
  doc: InstanceDoc,
  guest: RunningObserved,
  found: Found,
): Promise<void> {
  adopt(house, doc, guest, found);
  const { 'volatile.apply_template': _, ...config } = doc.config;
  await applyEvent(house, doc.id, 'started', { config });
  await settleDevices(house, doc, found.nics);
}

async function finishArrival(
  house: ReconcileNeeds,
  doc: InstanceDoc,
  guest: RunningObserved,
  found: Found,
): Promise<void> {
  adopt(house, doc, guest, found);
  await applyEvent(house, doc.id, 'arrived');
  await settleDevices(house, doc, found.nics);
}

async function undoStart(house: ReconcileNeeds, doc: InstanceDoc): Promise<void> {
  await house.engines[doc.type].remove(doc.id);
  await applyEvent(house, doc.id, 'start-failed', doc.rebooting ? { rebooting: true } : {});
}

/** Takes a guest that ran on back into the runtime, with the link names that it really has. */
function adopt(house: ReconcileNeeds, doc: InstanceDoc, guest: RunningObserved, { proxies }: Found): void {
  house.runtime.set(doc.id, {
    pid: guest.pid,
    startedAt: guest.startedAt,
    nics: nicSpecs(house, doc, (name) => house.hostNames.get(`${doc.id}/${name}`) ?? ''),
    proxies: proxies.filter((proxy) => proxy.guest === doc.id),
  });
}

/** A stop that was waiting when the daemon died has nobody who waits any more; a freeze may be half done. */
async function followFreezer(house: ReconcileNeeds, doc: InstanceDoc, guest: Observed): Promise<void> {
  if (doc.handedOver && guest.state === 'frozen') {
    // Whatever was begun with it: it stands still, for it may run elsewhere.
    if (doc.phase === 'stopping') await applyEvent(house, doc.id, 'stop-failed');
    if (doc.phase !== 'frozen') await applyEvent(house, doc.id, 'freeze');
    return warnHandedOver(house, doc);
  }
  if (doc.phase === 'stopping') await applyEvent(house, doc.id, 'stop-failed');
  if (guest.state === 'frozen' && doc.phase !== 'frozen') await house.engines[doc.type].unfreeze(doc.id);
  if (guest.state === 'running' && doc.phase === 'frozen') await applyEvent(house, doc.id, 'unfreeze');
}

/** Half-made volumes, snapshots and trees, and those whose document was never stored. */
async function clearStorage(house: ReconcileNeeds): Promise<void> {
  const instances = new Map(allInstances(house).map((doc) => [doc.id, doc]));
  const images = new Set(house.documents.list<ImageDoc>('images/').map((doc) => doc.fingerprint));
  for (const [name, pool] of house.pools) {
    await pool.sweep();
    await clearVolumes(house, name, pool);
    for (const type of ['container', 'virtual-machine'] as const)
      await clearRoots(house, rootsIn(house, pool, type), ({ id }) => {
        const doc = instances.get(id);
        return doc?.pool === name && doc.type === type;
      });
    const needed = new Set([...instances.values()].map((doc) => doc.config['volatile.base_image']));
    // Of machines that go on without it, or never will.
    for (const id of await pool.memories.list())
      if (!(instances.get(id)?.stateful && instances.get(id)?.pool === name) && !isRestoring(instances.get(id)))
        await pool.memories.remove({ id });
    for (const kept of [pool.images, pool.disks.images])
      for (const image of await kept.list()) if (!images.has(image) && !needed.has(image)) await kept.remove(image);
  }
  await sweepMetadata(house);
  await house.images.sweep();
  await sweepBackups(house);
  await house.migration.sweep();
  for (const fingerprint of await house.images.list())
    if (!images.has(fingerprint)) await house.images.remove(fingerprint);
}

/** Its memory may be there before the note that it is. */
const isRestoring = (doc: InstanceDoc | undefined) => doc?.phase === 'restoring';

async function clearRoots(house: ReconcileNeeds, roots: Roots, isWanted: (root: { id: string }) => boolean) {
  for (const id of await roots.list()) {
    if (!isWanted({ id })) {
      await roots.remove(id);
      continue;
    }
    const snapshots = new Set(house.documents.list<SnapshotDoc>(keys.snapshotsOf(id)).map((doc) => doc.id));
    for (const snapshot of await roots.snapshots(id))
      if (!snapshots.has(snapshot)) await roots.removeSnapshot(id, snapshot);
  }
}

/** Bridges, filters and DHCP as the documents want them; bridges of ours without a document go. Returns the cards found. */
async function repairNetworks(house: ReconcileNeeds): Promise<FoundNic[]> {
  const docs = house.documents.list<NetworkDoc>('networks/');
  const seen = await house.networks.observe();
  for (const nic of seen.nics) house.hostNames.set(`${nic.guest}/${nic.name}`, nic.hostName);
  for (const network of seen.networks)
    if (!docs.some((doc) => doc.name === network.name)) await house.networks.remove(network);
  for (const doc of docs) {
    await house.networks.ensure(fullNetworkSpec(house, doc)).catch((error: unknown) => {
      house.events.logging('error', `The network ${doc.name} could not be set up: ${reasonOf(error)}`, {
        network: doc.name,
      });
    });
  }
  return seen.nics;
}

/** Proxies of guests that run no more. */
async function clearProxies(house: ReconcileNeeds): Promise<void> {
  for (const proxy of await house.proxies.list())
    if (!house.runtime.get(proxy.guest)?.proxies?.some(({ device }) => device === proxy.device))
      await house.proxies.stop(proxy);
}

/** Those of the cards found that belong to no guest that runs; the card of a guest that is started again is a new one. */
async function clearNics(house: ReconcileNeeds, found: readonly FoundNic[]): Promise<void> {
  for (const nic of found) {
    const attached = house.runtime.get(nic.guest)?.nics.some((known) => known.hostName === nic.hostName);
    if (!attached) await house.networks.detach({ ...nic, network: '' });
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
