/** What another server is told of an instance that travels to it. */
import type { House } from '../house.ts';
import { knownProfiles } from '../instances/expand.ts';
import { instanceView, snapshotView } from '../instances/view.ts';
import { type InstanceDoc, keys, type PoolDoc, type ProfileDoc, type SnapshotDoc } from '../model.ts';
import type { MigrationKind, MigrationOffer, TravellingSnapshot } from '../ports/migration.ts';
import { projectFor } from '../projects/features.ts';

type Needs = Pick<House, 'documents' | 'facts' | 'runtime'>;

/** `snapshots`: those that come along, oldest first. */
export function offerOf(
  house: Needs,
  doc: InstanceDoc,
  snapshots: readonly SnapshotDoc[],
  diskBytes: number | undefined,
  live = false,
): MigrationOffer {
  return {
    kind: kindOf(doc),
    snapshots: snapshots.map(travelling),
    index: indexOf(house, doc, snapshots),
    ...(diskBytes === undefined ? {} : { diskBytes }),
    ...(live ? { live } : {}),
  };
}

export const kindOf = ({ type }: Pick<InstanceDoc, 'type'>): MigrationKind =>
  type === 'virtual-machine' ? 'machine' : 'instance';

export function travelling(snapshot: SnapshotDoc): TravellingSnapshot {
  const { config, devices, profiles, ephemeral, architecture, lastUsedAt } = snapshot.state;
  return {
    name: snapshot.name,
    config,
    devices,
    profiles,
    ephemeral,
    stateful: false,
    architecture,
    createdAt: new Date(snapshot.createdAt),
    lastUsedAt: usedDate(lastUsedAt),
    expiresAt: snapshot.expiresAt === '' ? undefined : new Date(snapshot.expiresAt),
  };
}

function usedDate(time: string): Date | undefined {
  const date = new Date(time);
  return date.getTime() > 0 ? date : undefined;
}

const never = '0001-01-01T00:00:00Z';

function indexOf(house: Needs, doc: InstanceDoc, snapshots: readonly SnapshotDoc[]): Record<string, unknown> {
  const owner = projectFor(house, 'profiles', doc.project);
  const profiles = knownProfiles(house, doc.project, doc.profiles).map((name) =>
    house.documents.get<ProfileDoc>(keys.profile(owner, name)),
  );
  const pool = house.documents.get<PoolDoc>(keys.pool(doc.pool));
  const contentType = doc.type === 'virtual-machine' ? 'block' : 'filesystem';
  return {
    Container: instanceView(house, doc),
    Snapshots: snapshots.map((snapshot) => snapshotView(house, doc, snapshot)),
    Pool: pool && {
      config: {},
      description: pool.description,
      name: pool.name,
      driver: pool.driver,
      used_by: null,
      status: 'Created',
      locations: ['none'],
    },
    Profiles: profiles.map((profile) => ({ ...profile, used_by: null })),
    Volume: {
      config: {},
      description: '',
      name: doc.name,
      type: doc.type,
      used_by: null,
      location: 'none',
      content_type: contentType,
      project: doc.project,
      created_at: doc.createdAt,
    },
    VolumeSnapshots: snapshots.map((snapshot) => ({
      description: snapshot.description,
      expires_at: snapshot.expiresAt || never,
      name: snapshot.name,
      config: {},
      content_type: contentType,
      created_at: snapshot.createdAt,
    })),
    Bucket: null,
    BucketKeys: null,
  };
}
