/** The source of a migration: an instance, or one of its snapshots, goes to another server. It stays as it is here. */
import type { InstancePost } from '../../api/resources/instances.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { House } from '../house.ts';
import { besideOf } from '../instances/beside-metadata.ts';
import { openedPool } from '../instances/copy-volume.ts';
import { instanceById, instanceUrl, snapshotsOf } from '../instances/find.ts';
import { rootsOf } from '../instances/roots.ts';
import { standingStill } from '../instances/still.ts';
import type { InstanceDoc, SnapshotDoc } from '../model.ts';
import type { MigrationSource } from '../ports/migration.ts';
import { lendDisk, lendVolume } from './lend.ts';
import { checkLiveInstance } from './live.ts';
import { offerOf } from './offer.ts';
import { refusing } from './refusal.ts';
import { type Leaving, liveLeaving } from './send-live.ts';
import { type Sending, sendState } from './send-state.ts';
import { channelNames, otherOperation } from './sockets.ts';

type Request = Pick<InstancePost, 'live' | 'instance_only' | 'container_only' | 'target' | 'allow_inconsistent'>;
type Going = {
  snapshot: SnapshotDoc | undefined;
  whole: boolean;
  inconsistent: boolean;
  /** It goes as it runs. */
  leaving?: Leaving | undefined;
};

/** Starts the operation at whose websockets the other side arrives, or which dials the other side. */
export function startSending(house: House, doc: InstanceDoc, body: Request, snapshot?: SnapshotDoc): Operation {
  const live = body.live === true && house.runtime.get(doc.id) !== undefined && !snapshot;
  if (live) checkLiveInstance(house, doc);
  const other = body.target ? otherOperation(body.target, live) : undefined;
  const rest = snapshot ? `/snapshots/${encodeURIComponent(snapshot.name)}` : '';
  const going: Going = {
    snapshot,
    whole: !snapshot && !body.instance_only && !body.container_only,
    inconsistent: body.allow_inconsistent ?? false,
  };
  return house.operations.start(
    {
      description: snapshot ? 'Transferring snapshot' : 'Migrating instance',
      project: doc.project,
      resources: {
        instances: [instanceUrl(doc)],
        ...(snapshot ? { instances_snapshots: [instanceUrl(doc, rest)] } : {}),
      },
      mayCancel: true,
      ...(other ? {} : { channels: channelNames(live), bareSecrets: true }),
    },
    async (task) => {
      const leaving = live ? liveLeaving(house, doc.id, task) : undefined;
      await refusing(() => sendState(house, sendingOf(house, doc.id, { ...going, leaving }, task.signal), other, task));
      await leaving?.settled();
      if (!snapshot)
        house.events.lifecycle(doc.project, {
          action: 'instance-migrated',
          source: instanceUrl(doc),
          name: doc.name,
        });
    },
  );
}

/** A snapshot is taken of a guest that runs, so that it stands still no longer than that takes. */
function sendingOf(house: House, id: string, going: Going, signal: AbortSignal): Sending<InstanceDoc> {
  return {
    id,
    current: () => instanceById(house, id),
    async take(doc) {
      // One that leaves as it runs is sent from its queue, so that nothing of it changes meanwhile.
      if (going.snapshot || going.leaving || !house.runtime.get(id)) return undefined;
      const passing = house.clock.randomHex(6);
      const take = () => rootsOf(house, doc).snapshot(id, passing, { signal });
      await (going.inconsistent ? take() : standingStill(house, doc, take));
      return passing;
    },
    drop: (doc, taken) => rootsOf(house, doc).removeSnapshot(id, taken),
    source: (doc, taken) => sourceOf(house, doc, going, taken, signal),
  };
}

async function sourceOf(
  house: House,
  doc: InstanceDoc,
  going: Going,
  taken: string | undefined,
  signal: AbortSignal,
): Promise<MigrationSource> {
  const pool = openedPool(house, doc.pool);
  const isMachine = doc.type === 'virtual-machine';
  const stateOf = (snapshot: string | undefined) =>
    snapshot === undefined ? { id: doc.id } : { id: doc.id, snapshot };
  const sent = taken ?? going.snapshot?.id;
  const snapshots = going.whole ? snapshotsOf(house, doc.id) : [];
  const live = await going.leaving?.source(doc);
  return {
    ...(live ? { live } : {}),
    offer: offerOf(
      house,
      doc,
      snapshots,
      isMachine ? await pool.disks.sizeBytes(stateOf(sent)) : undefined,
      live !== undefined,
    ),
    async lend(name, use) {
      const named = name === undefined ? going.snapshot : snapshots.find((one) => one.name === name);
      const beside = await besideOf(house, named ? named.state : doc);
      const snapshot = name === undefined ? sent : named?.id;
      if (live && name === undefined)
        return use({ beside: { ...beside, machine: await pool.machineFiles.read({ id: doc.id }) } });
      if (isMachine) return lendDisk(pool, stateOf(snapshot), beside, use, { signal });
      await lendVolume(house, pool.volumes, { id: doc.id, snapshot, readOnly: true }, beside, use);
    },
  };
}
