/** The source of a migration: a custom volume, or one of its snapshots, goes to another server. It stays as it is here. */
import { fail } from '../../api/errors.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { StorageVolumePost } from '../../api/resources/volumes.ts';
import type { House } from '../house.ts';
import type { VolumeDoc, VolumeSnapshotDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { MigrationOffer, MigrationSource, Sockets, TravellingSnapshot } from '../ports/migration.ts';
import { openPool, volumeById, volumeSnapshots, volumeUrl } from '../volumes/find.ts';
import { volumeStandingStill } from '../volumes/still.ts';
import { instancesWith, isUp } from '../volumes/users.ts';
import { volumeSnapshotView, volumeView } from '../volumes/view.ts';
import { lendVolume, nothing } from './lend.ts';
import { createProgress } from './progress.ts';
import { refusing } from './refusal.ts';
import { type OtherOperation, openSockets, otherOperation, socketNames } from './sockets.ts';

type Request = Pick<StorageVolumePost, 'target' | 'volume_only'>;

export function startSendingVolume(
  house: House,
  project: string,
  doc: VolumeDoc,
  body: Request,
  snapshot?: VolumeSnapshotDoc,
): Operation {
  if (doc.contentType !== 'filesystem')
    fail('volume.source', { reason: `volumes that hold ${doc.contentType} cannot be sent to another server` });
  const other = body.target ? otherOperation(body.target) : undefined;
  const whole = !body.volume_only && !snapshot;
  return house.operations.start(
    {
      description: 'Migrating storage volume',
      project,
      resources: { storage_volumes: [volumeUrl(doc)] },
      mayCancel: true,
      ...(other ? {} : { channels: [...socketNames], bareSecrets: true }),
    },
    (task) => refusing(() => send(house, doc.id, snapshot, whole, other, task)),
  );
}

/** A volume that guests write to goes as it was at one moment; one that nobody uses stays so until it has gone. */
async function send(
  house: House,
  id: string,
  snapshot: VolumeSnapshotDoc | undefined,
  whole: boolean,
  other: OtherOperation | undefined,
  task: Task,
): Promise<void> {
  const sockets = await openSockets(house, other, task);
  try {
    const taken = await house.queue(id, async () => {
      const doc = volumeById(house, id);
      if (!snapshot && instancesWith(house, doc).some(isUp)) {
        const passing = house.clock.randomHex(6);
        await volumeStandingStill(house, doc, () => openPool(house, doc.pool).custom.snapshot(id, passing));
        return passing;
      }
      await sendState(house, doc, whole, snapshot?.id, sockets, task);
      return undefined;
    });
    if (taken === undefined) return;
    const doc = volumeById(house, id);
    try {
      await sendState(house, doc, whole, taken, sockets, task);
    } finally {
      await openPool(house, doc.pool).custom.removeSnapshot(id, taken);
    }
  } finally {
    sockets.control.close();
    sockets.fs.close();
  }
}

async function sendState(
  house: House,
  doc: VolumeDoc,
  whole: boolean,
  state: string | undefined,
  sockets: Sockets,
  task: Task,
): Promise<void> {
  const { custom } = openPool(house, doc.pool);
  const snapshots = whole ? volumeSnapshots(house, doc.id) : [];
  const source: MigrationSource = {
    offer: offerOf(doc, snapshots),
    async lend(name, use) {
      const snapshot = name === undefined ? state : snapshots.find((one) => one.name === name)?.id;
      await lendVolume(house, custom, { id: doc.id, snapshot, readOnly: true }, nothing, use);
    },
  };
  const onProgress = createProgress(house.clock, doc.name, task.setMetadata);
  await house.migration.send(sockets, source, { signal: task.signal, onProgress });
}

function offerOf(doc: VolumeDoc, snapshots: readonly VolumeSnapshotDoc[]): MigrationOffer {
  return {
    kind: 'volume',
    snapshots: snapshots.map(travelling),
    index: {
      Container: null,
      Snapshots: null,
      Pool: null,
      Profiles: null,
      Volume: { ...volumeView(doc, []), used_by: null },
      VolumeSnapshots: snapshots.map((snapshot) => volumeSnapshotView(doc, snapshot, false)),
      Bucket: null,
      BucketKeys: null,
    },
  };
}

const travelling = (snapshot: VolumeSnapshotDoc): TravellingSnapshot => ({
  name: snapshot.name,
  config: snapshot.config,
  devices: {},
  profiles: [],
  ephemeral: false,
  stateful: false,
  architecture: '',
  createdAt: new Date(snapshot.createdAt),
  lastUsedAt: undefined,
  expiresAt: snapshot.expiresAt === '' ? undefined : new Date(snapshot.expiresAt),
});
