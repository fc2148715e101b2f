/** Routes of snapshots of custom volumes. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { volumeRoutes } from '../../api/resources/volume-routes.ts';
import type { ListQuery } from '../../api/schema.ts';
import { expiryTime } from '../expiry-time.ts';
import type { House } from '../house.ts';
import { findInstance, snapshotsOf } from '../instances/find.ts';
import { listing } from '../listing.ts';
import { startSendingVolume } from '../migration/send-volume.ts';
import type { VolumeDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import {
  findCustomVolume,
  findVolumeSnapshot,
  type VolumeParams,
  volumeSnapshots,
  volumeSnapshotUrl,
  volumeUrl,
} from './find.ts';
import { otherVolume } from './other-volume.ts';
import { changeVolumeSnapshot, deleteVolumeSnapshot, takeVolumeSnapshot, volumeSnapshotName } from './snapshots.ts';
import { volumeSnapshotView } from './view.ts';

type All = '/1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots';
type One = `${All}/{snapshot}`;
type Own = Pick<
  Handlers<typeof volumeRoutes>,
  `${'GET' | 'POST'} ${All}` | `${'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'} ${One}`
>;

export function volumeSnapshotHandlers(house: House): Own {
  const find = (params: VolumeParams, project: string) => findCustomVolume(house, params, project);
  const start = (
    doc: VolumeDoc,
    project: string,
    description: string,
    name: string,
    work: (task: Task) => Promise<unknown>,
  ) =>
    house.operations.start(
      {
        description,
        project,
        resources: { storage_volumes: [volumeUrl(doc)], storage_volume_snapshots: [volumeSnapshotUrl(doc, name)] },
      },
      async (task) => {
        await house.queue(doc.id, () => work(task));
      },
    );
  const change: Own[`PUT ${One}`] = async ({ params, body, project, checkMatch }) => {
    const doc = find(params, project);
    checkMatch(volumeSnapshotView(doc, findVolumeSnapshot(house, doc, params.snapshot), false));
    const patch = {
      ...(body.expires_at === undefined ? {} : { expiresAt: expiryTime(body.expires_at) }),
      ...(body.description === undefined ? {} : { description: body.description }),
    };
    await house.queue(doc.id, () => changeVolumeSnapshot(house, doc.id, params.snapshot, patch));
    return {};
  };
  return {
    async 'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots'({ params, query, project }) {
      if (params.type !== 'custom') return await guestSnapshots(house, params, query, project);
      const doc = find(params, project);
      return listing(
        volumeSnapshots(house, doc.id).map((snapshot) => ({
          url: volumeSnapshotUrl(doc, snapshot.name),
          object: () => volumeSnapshotView(doc, snapshot, true),
        })),
        query,
      );
    },
    'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots'({ params, body, project }) {
      const doc = find(params, project);
      const name = volumeSnapshotName(house, doc, body.name);
      const request = {
        name,
        ...(body.description ? { description: body.description } : {}),
        // The zero time is "never"; null and absent leave it to the volume's config.
        ...(body.expires_at ? { expiresAt: expiryTime(body.expires_at) } : {}),
      };
      return start(doc, project, 'Creating storage volume snapshot', name, (task) =>
        takeVolumeSnapshot(house, doc.id, request, task),
      );
    },
    'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}'({ params, project }) {
      const doc = find(params, project);
      return volumeSnapshotView(doc, findVolumeSnapshot(house, doc, params.snapshot), false);
    },
    'PUT /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}': change,
    'PATCH /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}': change,
    'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}'({ params, body, project }) {
      const doc = find(params, project);
      const snapshot = findVolumeSnapshot(house, doc, params.snapshot);
      if (body.migration) return startSendingVolume(house, project, doc, body, snapshot);
      const name = body.name ?? '';
      volumeSnapshotName(house, doc, name || ' ');
      return start(doc, project, 'Renaming storage volume snapshot', name, () =>
        changeVolumeSnapshot(house, doc.id, params.snapshot, { name }),
      );
    },
    'DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}/snapshots/{snapshot}'({ params, project }) {
      const doc = find(params, project);
      findVolumeSnapshot(house, doc, params.snapshot);
      return start(doc, project, 'Deleting storage volume snapshot', params.snapshot, () =>
        deleteVolumeSnapshot(house, doc.id, params.snapshot),
      );
    },
  };
}

/** Snapshots of the root file system of a guest, as `storage volume info container/NAME` asks for them. */
async function guestSnapshots(house: House, { pool, type, volume }: VolumeParams, query: ListQuery, project: string) {
  await otherVolume(house, { pool, type, volume }, project);
  if (type === 'image') return [];
  const guest = findInstance(house, project, volume);
  if (guest.type !== type || guest.pool !== pool) fail('volume.not-found', { pool });
  return listing(
    snapshotsOf(house, guest.id).map((snapshot) => ({
      url: volumeUrl({ ...guest, pool }, `/snapshots/${encodeURIComponent(snapshot.name)}`, type),
      object: () => ({
        description: snapshot.description,
        expires_at: snapshot.expiresAt || null,
        name: `${guest.name}/${snapshot.name}`,
        config: {},
        content_type: '',
        created_at: snapshot.createdAt,
      }),
    })),
    query,
  );
}
