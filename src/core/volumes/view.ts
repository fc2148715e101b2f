/** Volumes and snapshots as the API shows them; guests' and images' own volumes are derived from their owners. */
import type { StorageVolume, StorageVolumeSnapshot } from '../../api/resources/volumes.ts';
import { zeroTime } from '../../api/schema.ts';
import type { House } from '../house.ts';
import { imageUrl } from '../images/view.ts';
import { allInstances, instanceUrl, snapshotsOf } from '../instances/find.ts';
import type { ImageDoc, VolumeDoc, VolumeSnapshotDoc } from '../model.ts';
import { projectFor } from '../projects/features.ts';
import { allVolumes, volumeProject, volumeSnapshots, volumeSnapshotUrl, volumeUrl } from './find.ts';
import { volumeUsers } from './users.ts';

type Needs = Pick<House, 'documents' | 'pools'>;
export type ListedVolume = { url: string; object: () => StorageVolume };

const fixed = { location: 'none', content_type: 'filesystem', config: {}, description: '' };

export function volumeView(doc: VolumeDoc, usedBy: string[]): StorageVolume {
  return {
    config: doc.config,
    description: doc.description,
    name: doc.name,
    type: 'custom',
    used_by: usedBy,
    location: 'none',
    content_type: doc.contentType,
    project: doc.project,
    created_at: doc.createdAt,
  };
}

/** In a list a snapshot is named together with its volume and "never" is null; alone it is the zero time: as Incus does. */
export function volumeSnapshotView(
  doc: VolumeDoc,
  snapshot: VolumeSnapshotDoc,
  listed: boolean,
): StorageVolumeSnapshot {
  return {
    description: snapshot.description,
    expires_at: snapshot.expiresAt || (listed ? null : zeroTime),
    name: listed ? `${doc.name}/${snapshot.name}` : snapshot.name,
    config: snapshot.config,
    content_type: listed ? '' : doc.contentType,
    created_at: snapshot.createdAt,
  };
}

/** Everything that a pool holds for a project (undefined: for all): guests with snapshots, images, custom volumes. */
export async function listVolumes(house: Needs, pool: string, project: string | undefined): Promise<ListedVolume[]> {
  return [
    ...guestVolumes(house, pool, project),
    ...(await imageVolumes(house, pool, project)),
    ...customVolumes(house, pool, project),
  ];
}

function guestVolumes(house: Needs, pool: string, project: string | undefined): ListedVolume[] {
  return allInstances(house, project).flatMap((doc) => {
    if (doc.pool !== pool || doc.phase === 'creating') return [];
    const item = (name: string, createdAt: string, usedBy: string[], rest = ''): ListedVolume => ({
      url: volumeUrl({ ...doc, pool }, rest, doc.type),
      object: () => ({
        ...fixed,
        name,
        type: doc.type,
        used_by: usedBy,
        project: doc.project,
        created_at: createdAt,
      }),
    });
    const snapshots = snapshotsOf(house, doc.id).map((snapshot) =>
      item(`${doc.name}/${snapshot.name}`, snapshot.createdAt, [], `/snapshots/${encodeURIComponent(snapshot.name)}`),
    );
    return [item(doc.name, doc.createdAt, [instanceUrl(doc)]), ...snapshots];
  });
}

/** Unpacked trees that the pool keeps for its guests. */
async function imageVolumes(house: Needs, pool: string, project: string | undefined): Promise<ListedVolume[]> {
  const trees = new Set(await house.pools.get(pool)?.images.list());
  const effective = project === undefined ? undefined : projectFor(house, 'images', project);
  return house.documents
    .list<ImageDoc>('images/')
    .filter((doc) => trees.has(doc.fingerprint) && (effective === undefined || doc.project === effective))
    .map((doc) => ({
      url: volumeUrl({ pool, project: doc.project, name: doc.fingerprint }, '', 'image'),
      object: () => ({
        ...fixed,
        name: doc.fingerprint,
        type: 'image',
        used_by: [imageUrl(doc.fingerprint, doc.project)],
        project: doc.project,
        created_at: doc.uploadedAt || zeroTime,
      }),
    }));
}

function customVolumes(house: Needs, pool: string, project: string | undefined): ListedVolume[] {
  const users = volumeUsers(house);
  const effective = project === undefined ? undefined : volumeProject(house, project);
  return allVolumes(house).flatMap((doc) => {
    if (doc.pool !== pool || (effective !== undefined && doc.project !== effective)) return [];
    const snapshots = volumeSnapshots(house, doc.id).map((snapshot) => ({
      url: volumeSnapshotUrl(doc, snapshot.name),
      object: () => ({
        ...volumeView(doc, []),
        name: `${doc.name}/${snapshot.name}`,
        config: snapshot.config,
        description: snapshot.description,
        created_at: snapshot.createdAt,
      }),
    }));
    return [{ url: volumeUrl(doc), object: () => volumeView(doc, users(doc)) }, ...snapshots];
  });
}
