/** The source of a migration: an instance, or one of its snapshots, goes to another server. It stays as it is here. */
import { fail } from '../../api/errors.ts';
import type { InstancePost } from '../../api/resources/instances.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { House } from '../house.ts';
import { besideOf } from '../instances/beside-metadata.ts';
import { openedPool } from '../instances/copy-volume.ts';
import { instanceById, instanceUrl, snapshotsOf } from '../instances/find.ts';
import { standingStill } from '../instances/still.ts';
import type { InstanceDoc, SnapshotDoc } from '../model.ts';
import type { MigrationSource } from '../ports/migration.ts';
import { lendVolume } from './lend.ts';
import { offerOf } from './offer.ts';
import { refusing } from './refusal.ts';
import { type Sending, sendState } from './send-state.ts';
import { otherOperation, socketNames } from './sockets.ts';

type Request = Pick<InstancePost, 'live' | 'instance_only' | 'container_only' | 'target' | 'allow_inconsistent'>;
type Going = { snapshot: SnapshotDoc | undefined; whole: boolean; inconsistent: boolean };

/** Starts the operation at whose websockets the other side arrives, or which dials the other side. */
export function startSending(house: House, doc: InstanceDoc, body: Request, snapshot?: SnapshotDoc): Operation {
  if (body.live && house.runtime.get(doc.id) && !snapshot) fail('migration.live');
  const other = body.target ? otherOperation(body.target) : undefined;
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
      ...(other ? {} : { channels: [...socketNames], bareSecrets: true }),
    },
    async (task) => {
      await refusing(() => sendState(house, sendingOf(house, doc.id, going, task.signal), other, task));
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
      if (going.snapshot || !house.runtime.get(id)) return undefined;
      const { volumes } = openedPool(house, doc.pool);
      const passing = house.clock.randomHex(6);
      const take = () => volumes.snapshot(id, passing, { signal });
      await (going.inconsistent ? take() : standingStill(house, doc, take));
      return passing;
    },
    drop: (doc, taken) => openedPool(house, doc.pool).volumes.removeSnapshot(id, taken),
    source: (doc, taken) => sourceOf(house, doc, going, taken),
  };
}

function sourceOf(house: House, doc: InstanceDoc, going: Going, taken: string | undefined): MigrationSource {
  const { volumes } = openedPool(house, doc.pool);
  const snapshots = going.whole ? snapshotsOf(house, doc.id) : [];
  return {
    offer: offerOf(house, doc, snapshots),
    async lend(name, use) {
      const named = name === undefined ? going.snapshot : snapshots.find((one) => one.name === name);
      const beside = await besideOf(house, named ? named.state : doc);
      const snapshot = name === undefined ? (taken ?? going.snapshot?.id) : named?.id;
      await lendVolume(house, volumes, { id: doc.id, snapshot, readOnly: true }, beside, use);
    },
  };
}
