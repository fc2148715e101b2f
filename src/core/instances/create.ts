/** Creating an instance from an image, from nothing, or as a copy of another instance or snapshot. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { instanceImage } from '../images/instance-image.ts';
import type { RemoteSource } from '../images/remote/source.ts';
import { ensureImage } from '../images/tree.ts';
import { type ConfigMap, type ImageDoc, type InstanceDoc, keys, type SnapshotDoc } from '../model.ts';
import { checkHostName } from '../networks/host-names.ts';
import { allocateAddresses } from '../networks/nics.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { Pool } from '../ports/storage.ts';
import { lookUpProject } from '../projects/features.ts';
import { allowInstance } from '../projects/rules.ts';
import { applyEvent } from './change.ts';
import { copyVolume, type VolumeSource } from './copy-volume.ts';
import { rootPool } from './devices.ts';
import { expand } from './expand.ts';
import { lookUpInstance, snapshotsOf } from './find.ts';
import { imageMetadata, keepMetadata } from './guest-metadata.ts';
import { newIdBase } from './ids.ts';
import { makeRoot, rootSizeBytes, rootsIn } from './roots.ts';

export type CreateNeeds = Pick<
  House,
  | 'documents'
  | 'devices'
  | 'pools'
  | 'images'
  | 'clock'
  | 'queue'
  | 'facts'
  | 'events'
  | 'engines'
  | 'runtime'
  | 'mountDirectory'
  | 'remotes'
>;

type LocalSource = { kind: 'image'; image: ImageDoc } | { kind: 'none' } | VolumeSource;
/** What an instance is made from; an image of another server is fetched first. */
export type Source = LocalSource | { kind: 'remote'; from: RemoteSource };

/** A checked request: everything that can be refused without touching the host has been. */
export type Draft = Pick<
  InstanceDoc,
  'name' | 'project' | 'type' | 'architecture' | 'description' | 'ephemeral' | 'profiles' | 'config' | 'devices'
>;

type CreateContext = {
  house: CreateNeeds;
  doc: InstanceDoc;
  pool: Pool;
  source: LocalSource;
  snapshots: SnapshotDoc[];
};

const createSteps: readonly Step<CreateContext>[] = [
  {
    name: 'unpack the image',
    do: async ({ house, doc, pool, source }, signal) => {
      if (source.kind === 'image') await ensureImage(house, doc.type, doc.pool, pool, source.image.fingerprint, signal);
    },
  },
  {
    name: 'make the root file system',
    do: async (context, signal) => {
      const { house, doc, pool, source } = context;
      if (source.kind === 'volume') {
        context.snapshots = await copyVolume(house, source, doc, signal);
        return;
      }
      const { id, type } = doc;
      const image = source.kind === 'image' ? { image: source.image.fingerprint } : {};
      const sizeBytes = rootSizeBytes(house, expand(house, doc).devices);
      await makeRoot(pool, { id, type, ...image, sizeBytes }, { signal });
    },
    undo: ({ house, pool, doc }) => rootsIn(house, pool, doc.type).remove(doc.id),
  },
  {
    name: 'enter the instance',
    do: async (context) => {
      const { house, snapshots } = context;
      await house.documents.commit(snapshots.map((value) => ({ put: keys.snapshot(value.instance, value.id), value })));
      context.doc = await applyEvent(house, context.doc.id, 'created', await metadataFrom(house, context.source));
    },
  },
];

/** The copy of its own that the instance gets; without one it has what its image says. */
async function metadataFrom(house: CreateNeeds, source: LocalSource): Promise<Pick<InstanceDoc, 'metadata'>> {
  if (source.kind === 'image') return { metadata: await keepMetadata(house, await imageMetadata(house, source.image)) };
  if (source.kind === 'none') return {};
  const { id, snapshot } = source;
  const { metadata } =
    snapshot === undefined
      ? (house.documents.get<InstanceDoc>(keys.instance(id)) ?? {})
      : (house.documents.get<SnapshotDoc>(keys.snapshot(id, snapshot))?.state ?? {});
  return metadata === undefined ? {} : { metadata };
}

/** Makes the instance, stopped. Returns its document. */
export async function createInstance(
  house: CreateNeeds,
  draft: Draft,
  wanted: Source,
  task: Task,
): Promise<InstanceDoc> {
  const poolName = rootPool(house, expand(house, draft).devices);
  const pool = house.pools.get(poolName) ?? fail('pool.closed', { name: poolName, reason: 'see gast doctor' });
  const source = await localSource(house, draft.project, wanted, task);
  const doc = await reserve(house, draft, source, poolName, task.id);
  const context: CreateContext = { house, doc, pool, source, snapshots: [] };
  try {
    await performSteps(house, task, createSteps, context);
    return context.doc;
  } catch (error) {
    await forgetReserved(house, doc.id);
    throw error;
  }
}

/** Undoes `reserve`. */
export async function forgetReserved(house: Pick<House, 'documents'>, id: string): Promise<void> {
  await house.documents.commit([
    ...snapshotsOf(house, id).map((snapshot) => ({ delete: keys.snapshot(id, snapshot.id) })),
    { delete: keys.instance(id) },
  ]);
}

async function localSource(house: CreateNeeds, project: string, wanted: Source, task: Task): Promise<LocalSource> {
  if (wanted.kind !== 'remote') return wanted;
  return { kind: 'image', image: await instanceImage(house, project, wanted.from, task) };
}

/** Takes name, ids and addresses in one commit, so that no two instances get the same. */
export function reserve(
  house: CreateNeeds,
  draft: Draft,
  source: LocalSource | { kind: 'arriving' },
  pool: string,
  operation: string,
): Promise<InstanceDoc> {
  return house.queue('allocate', async () => {
    if (!lookUpProject(house, draft.project)) fail('project.not-found', { name: draft.project });
    if (lookUpInstance(house, draft.project, draft.name)) fail('instance.exists', { name: draft.name });
    allowInstance(house, draft);
    const now = house.clock.now().toISOString();
    const uuid = house.clock.uuid();
    const copied = source.kind === 'volume' || source.kind === 'arriving';
    const doc: InstanceDoc = {
      ...draft,
      id: uuid.replaceAll('-', '').slice(-12),
      stateful: false,
      pool,
      idBase: newIdBase(house),
      phase: 'creating',
      operation,
      createdAt: now,
      lastUsedAt: '0001-01-01T00:00:00Z',
      config: {
        ...imageConfig(source),
        'volatile.uuid': uuid,
        'volatile.uuid.generation': uuid,
        'volatile.cloud-init.instance-id': house.clock.uuid(),
        'volatile.apply_template': copied ? 'copy' : 'create',
        // What moves here from another server keeps what it is known by.
        ...draft.config,
      },
    };
    doc.config = {
      ...doc.config,
      ...allocateAddresses(house, doc, expand(house, doc), { mayClash: copied }),
    };
    checkHostName(house, doc);
    await house.documents.commit([{ put: keys.instance(doc.id), value: doc }, ...imageUsed(house, source, now)]);
    return doc;
  });
}

/** Caches forget what nobody used for long. */
function imageUsed(house: CreateNeeds, source: LocalSource | { kind: 'arriving' }, now: string) {
  if (source.kind !== 'image') return [];
  const key = keys.image(source.image.project, source.image.fingerprint);
  const image = house.documents.get<ImageDoc>(key) ?? fail('image.not-found', { name: source.image.fingerprint });
  return [{ put: key, value: { ...image, lastUsedAt: now } }];
}

function imageConfig(source: LocalSource | { kind: 'arriving' }): ConfigMap {
  if (source.kind !== 'image') return {};
  const properties = Object.entries(source.image.properties).map(([key, value]) => [`image.${key}`, value]);
  return { ...Object.fromEntries(properties), 'volatile.base_image': source.image.fingerprint };
}
