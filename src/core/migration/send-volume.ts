/** The source of a migration: a custom volume, or one of its snapshots, goes to another server. It stays as it is here. */
import { fail } from '../../api/errors.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { StorageVolumePost } from '../../api/resources/volumes.ts';
import type { House } from '../house.ts';
import type { VolumeDoc, VolumeSnapshotDoc } from '../model.ts';
import type { MigrationOffer, MigrationSource, TravellingSnapshot } from '../ports/migration.ts';
import { openPool, volumeById, volumeSnapshots, volumeUrl } from '../volumes/find.ts';
import { volumeStandingStill } from '../volumes/still.ts';
import { instancesWith, isUp } from '../volumes/users.ts';
import { volumeSnapshotView, volumeView } from '../volumes/view.ts';
import { lendVolume, nothing } from './lend.ts';
import { refusing } from './refusal.ts';
import { type Sending, sendState } from './send-state.ts';
import { otherOperation, socketNames } from './sockets.ts';

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
    (task) => refusing(() => sendState(house, sendingOf(house, doc.id, { snapshot, whole }), other, task)),
  );
}

type Going = { snapshot: VolumeSnapshotDoc | undefined; whole: boolean };

function sendingOf(house: House, id: string, going: Going): Sending<VolumeDoc> {
  return {
    id,
    current: () => volumeById(house, id),
    async take(doc) {
      if (going.snapshot || !instancesWith(house, doc).some(isUp)) return undefined;
      const passing = house.clock.randomHex(6);
      await volumeStandingStill(house, doc, () => openPool(house, doc.pool).custom.snapshot(id, passing));
      return passing;
    },
    drop: (doc, taken) => openPool(house, doc.pool).custom.removeSnapshot(id, taken),
    source: (doc, taken) => sourceOf(house, doc, going, taken),
  };
}

function sourceOf(house: House, doc: VolumeDoc, going: Going, taken: string | undefined): MigrationSource {
  const { custom } = openPool(house, doc.pool);
  const snapshots = going.whole ? volumeSnapshots(house, doc.id) : [];
  return {
    offer: offerOf(doc, snapshots),
    async lend(name, use) {
      const snapshot =
        name === undefined ? (taken ?? going.snapshot?.id) : snapshots.find((one) => one.name === name)?.id;
      await lendVolume(house, custom, { id: doc.id, snapshot, readOnly: true }, nothing, use);
    },
  };
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
