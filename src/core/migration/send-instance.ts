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
import type { Task } from '../operations/registry.ts';
import type { MigrationSource, Sockets } from '../ports/migration.ts';
import { lendVolume } from './lend.ts';
import { offerOf } from './offer.ts';
import { createProgress } from './progress.ts';
import { refusing } from './refusal.ts';
import { type OtherOperation, openSockets, otherOperation, socketNames } from './sockets.ts';

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
      await refusing(() => send(house, doc.id, going, other, task));
      if (!snapshot)
        house.events.lifecycle(doc.project, {
          action: 'instance-migrated',
          source: instanceUrl(doc),
          name: doc.name,
        });
    },
  );
}

/**
 * A guest that runs goes as it was at one moment: a snapshot without a name is taken and sent, so that it stands still no
 * longer than that takes. One that is stopped stays so until it has gone.
 */
async function send(
  house: House,
  id: string,
  going: Going,
  other: OtherOperation | undefined,
  task: Task,
): Promise<void> {
  const sockets = await openSockets(house, other, task);
  try {
    const taken = await house.queue(id, async () => {
      const doc = instanceById(house, id);
      if (!going.snapshot && house.runtime.get(id)) return takeState(house, doc, going, task);
      await sendState(house, doc, going, going.snapshot?.id, sockets, task);
      return undefined;
    });
    if (taken === undefined) return;
    const doc = instanceById(house, id);
    try {
      await sendState(house, doc, going, taken, sockets, task);
    } finally {
      await openedPool(house, doc.pool).volumes.removeSnapshot(id, taken);
    }
  } finally {
    sockets.control.close();
    sockets.fs.close();
  }
}

/** It has no document: what a killed daemon leaves of it is cleared. */
async function takeState(house: House, doc: InstanceDoc, going: Going, task: Task): Promise<string> {
  const { volumes } = openedPool(house, doc.pool);
  const id = house.clock.randomHex(6);
  const take = () => volumes.snapshot(doc.id, id, { signal: task.signal });
  await (going.inconsistent ? take() : standingStill(house, doc, take));
  return id;
}

async function sendState(
  house: House,
  doc: InstanceDoc,
  going: Going,
  state: string | undefined,
  sockets: Sockets,
  task: Task,
): Promise<void> {
  const { volumes } = openedPool(house, doc.pool);
  const snapshots = going.whole ? snapshotsOf(house, doc.id) : [];
  const source: MigrationSource = {
    offer: offerOf(house, doc, snapshots),
    async lend(name, use) {
      const named = name === undefined ? going.snapshot : snapshots.find((one) => one.name === name);
      const beside = await besideOf(house, named ? named.state : doc);
      const snapshot = name === undefined ? state : named?.id;
      await lendVolume(house, volumes, { id: doc.id, snapshot, readOnly: true }, beside, use);
    },
  };
  const onProgress = createProgress(house.clock, doc.name, task.setMetadata);
  await house.migration.send(sockets, source, { signal: task.signal, onProgress });
}
