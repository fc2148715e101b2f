/**
 * Repair at the start of the daemon: what the host has is compared with the documents, and each difference is settled.
 * It runs before the first request is answered. Only things that carry our mark are ever touched.
 */
import { ApiError } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { type ImageDoc, type InstanceDoc, keys, type NetworkDoc, type SnapshotDoc } from '../model.ts';
import { nicSpecs } from '../networks/nics.ts';
import { networkSpec } from '../networks/spec.ts';
import type { Observed } from '../ports/engine.ts';
import { applyEvent } from './change.ts';
import { clearInstance } from './delete.ts';
import { type EndedNeeds, guestEnded } from './ended.ts';
import { allInstances, instanceUrl } from './find.ts';

export type ReconcileNeeds = EndedNeeds & Pick<House, 'pools' | 'images' | 'hostNames'>;

export async function reconcile(house: ReconcileNeeds): Promise<void> {
  await clearStorage(house);
  await repairNetworks(house);
  const observed = new Map((await house.engine.observe()).map((guest) => [guest.id, guest]));
  for (const doc of allInstances(house)) {
    await settle(house, doc, observed.get(doc.id));
    tellOperation(house, doc);
  }
  const known = new Set(allInstances(house).map((doc) => doc.id));
  for (const id of observed.keys()) if (!known.has(id)) await house.engine.remove(id);
  await clearNics(house);
}

/** Brings one instance out of whatever phase the last daemon left it in. */
async function settle(house: ReconcileNeeds, doc: InstanceDoc, guest: Observed | undefined): Promise<void> {
  const alive = guest && guest.state !== 'ended' ? guest : undefined;
  const running = alive && alive.state !== 'created' ? alive : undefined;
  switch (doc.phase) {
    case 'creating':
    case 'deleting':
      return clearInstance(house, doc);
    case 'restoring':
      await applyEvent(house, doc.id, 'restored');
      return;
    case 'stopped':
      if (guest) await house.engine.remove(doc.id);
      return;
    case 'starting':
      if (!running) return undoStart(house, doc);
      adopt(house, doc, running);
      await applyEvent(house, doc.id, 'started');
      return;
    case 'running':
    case 'frozen':
    case 'stopping':
      if (!alive || !running)
        return guestEnded(house, doc.id, guest?.state === 'ended' ? guest.cause : { kind: 'unknown' });
      adopt(house, doc, running);
      await followFreezer(house, doc, running);
  }
}

async function undoStart(house: ReconcileNeeds, doc: InstanceDoc): Promise<void> {
  await house.engine.remove(doc.id);
  await house.pools.get(doc.pool)?.volumes.unmount(`${house.mountDirectory}/${doc.id}`);
  await applyEvent(house, doc.id, 'start-failed');
}

/** Takes a guest that ran on back into the runtime, with the link names that it really has. */
function adopt(house: ReconcileNeeds, doc: InstanceDoc, guest: Extract<Observed, { pid: number }>): void {
  house.runtime.set(doc.id, {
    pid: guest.pid,
    startedAt: guest.startedAt,
    nics: nicSpecs(house, doc, (name) => house.hostNames.get(`${doc.id}/${name}`) ?? ''),
  });
}

/** A stop that was waiting when the daemon died has nobody who waits any more; a freeze may be half done. */
async function followFreezer(house: ReconcileNeeds, doc: InstanceDoc, guest: Observed): Promise<void> {
  if (doc.phase === 'stopping') await applyEvent(house, doc.id, 'stop-failed');
  if (guest.state === 'frozen' && doc.phase !== 'frozen') await house.engine.unfreeze(doc.id);
  if (guest.state === 'running' && doc.phase === 'frozen') await applyEvent(house, doc.id, 'unfreeze');
}

/** The operation of an interrupted phase can be asked for again and tells how it went. */
function tellOperation(house: ReconcileNeeds, before: InstanceDoc): void {
  if (!before.operation) return;
  const now = house.documents.get<InstanceDoc>(keys.instance(before.id));
  const done = before.phase === 'deleting' ? !now : before.phase === 'starting' && now?.phase === 'running';
  const spec = {
    description: 'Interrupted operation',
    project: before.project,
    resources: { instances: [instanceUrl(before)] },
  };
  house.operations.enterFinished(before.operation, spec, done ? undefined : new ApiError('operation.interrupted'));
}

/** Half-made volumes, snapshots and trees, and those whose document was never stored. */
async function clearStorage(house: ReconcileNeeds): Promise<void> {
  const instances = new Map(allInstances(house).map((doc) => [doc.id, doc]));
  const images = new Set(house.documents.list<ImageDoc>('images/').map((doc) => doc.fingerprint));
  for (const [name, pool] of house.pools) {
    await pool.sweep();
    for (const id of await pool.volumes.list()) {
      if (instances.get(id)?.pool !== name) {
        await pool.volumes.remove(id);
        continue;
      }
      const snapshots = new Set(house.documents.list<SnapshotDoc>(keys.snapshotsOf(id)).map((doc) => doc.id));
      for (const snapshot of await pool.volumes.snapshots(id))
        if (!snapshots.has(snapshot)) await pool.volumes.removeSnapshot(id, snapshot);
    }
    const needed = new Set([...instances.values()].map((doc) => doc.config['volatile.base_image']));
    for (const tree of await pool.images.list())
      if (!images.has(tree) && !needed.has(tree)) await pool.images.remove(tree);
  }
  await house.images.sweep();
  for (const fingerprint of await house.images.list())
    if (!images.has(fingerprint)) await house.images.remove(fingerprint);
}

/** Bridges, filters and DHCP as the documents want them; bridges of ours without a document go. */
async function repairNetworks(house: ReconcileNeeds): Promise<void> {
  const docs = house.documents.list<NetworkDoc>('networks/');
  const seen = await house.networks.observe();
  for (const nic of seen.nics) house.hostNames.set(`${nic.guest}/${nic.name}`, nic.hostName);
  for (const network of seen.networks)
    if (!docs.some((doc) => doc.name === network.name)) await house.networks.remove(network);
  for (const doc of docs) {
    await house.networks.ensure(networkSpec(doc)).catch((error: unknown) => {
      house.events.logging(
        'error',
        `The network ${doc.name} could not be set up: ${error instanceof Error ? error.message : error}`,
        { network: doc.name },
      );
    });
  }
}

/** Cards that belong to no guest that runs. */
async function clearNics(house: ReconcileNeeds): Promise<void> {
  for (const nic of (await house.networks.observe()).nics) {
    const attached = house.runtime.get(nic.guest)?.nics.some((known) => known.hostName === nic.hostName);
    if (!attached) await house.networks.detach(strayNic(nic));
  }
}

/** As much of a card as `detach` needs of one that has no instance any more. */
function strayNic(nic: { hostName: string; guest: string; name: string }) {
  return {
    ...nic,
    hostname: '',
    network: '',
    link: '',
    hwaddr: '',
    mtu: 0,
    limits: {},
    filters: { mac: true, ipv4: true, ipv6: true },
  };
}
