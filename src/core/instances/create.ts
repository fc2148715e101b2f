/** Creating an instance from an image, from nothing, or as a copy of another instance or snapshot. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { ensureImageTree } from '../images/tree.ts';
import { type ConfigMap, type ImageDoc, type InstanceDoc, keys } from '../model.ts';
import { allocateAddresses } from '../networks/nics.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { Pool } from '../ports/storage.ts';
import { applyEvent } from './change.ts';
import { rootPool } from './devices.ts';
import { expand } from './expand.ts';
import { instanceById, lookUpInstance } from './find.ts';
import { freeIdBase } from './ids.ts';
import { standingStill } from './still.ts';

export type CreateNeeds = Pick<
  House,
  'documents' | 'devices' | 'pools' | 'images' | 'clock' | 'queue' | 'facts' | 'events' | 'engine'
>;

/** What an instance is made from. */
export type Source =
  | { kind: 'image'; image: ImageDoc }
  | { kind: 'none' }
  | { kind: 'volume'; pool: string; id: string; snapshot?: string };

/** A checked request: everything that can be refused without touching the host has been. */
export type Draft = Pick<
  InstanceDoc,
  'name' | 'project' | 'type' | 'architecture' | 'description' | 'ephemeral' | 'profiles' | 'config' | 'devices'
>;

type CreateContext = { house: CreateNeeds; doc: InstanceDoc; pool: Pool; source: Source };

const createSteps: readonly Step<CreateContext>[] = [
  {
    name: 'unpack the image',
    do: async ({ house, doc, pool, source }, signal) => {
      if (source.kind === 'image') await ensureImageTree(house, doc.pool, pool, source.image.fingerprint, signal);
    },
  },
  {
    name: 'make the root file system',
    do: ({ house, doc, pool, source }, signal) => {
      if (source.kind === 'image') return pool.volumes.createFromImage(doc.id, source.image.fingerprint, { signal });
      if (source.kind === 'none') return pool.volumes.createEmpty(doc.id, { signal });
      return copyVolume(house, pool, source, doc.id, signal);
    },
    undo: ({ pool, doc }) => pool.volumes.remove(doc.id),
  },
  {
    name: 'enter the instance',
    do: async (context) => {
      context.doc = await applyEvent(context.house, context.doc.id, 'created');
    },
  },
];

/** Nobody changes the source meanwhile: a snapshot of it cannot go, and a guest that runs on it stands still. */
function copyVolume(
  house: CreateNeeds,
  pool: Pool,
  source: Extract<Source, { kind: 'volume' }>,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const { id, snapshot } = source;
  return house.queue(id, () =>
    snapshot === undefined
      ? standingStill(house, instanceById(house, id), () => pool.volumes.copy({ id }, to, { signal }))
      : pool.volumes.copy({ id, snapshot }, to, { signal }),
  );
}

/** Makes the instance, stopped. Returns its document. */
export async function createInstance(
  house: CreateNeeds,
  draft: Draft,
  source: Source,
  task: Task,
): Promise<InstanceDoc> {
  const poolName = rootPool(house, expand(house, draft).devices);
  const pool = house.pools.get(poolName) ?? fail('pool.closed', { name: poolName, reason: 'see gast doctor' });
  const doc = await reserve(house, draft, source, poolName, task.id);
  const context: CreateContext = { house, doc, pool, source };
  try {
    await performSteps(house, task, createSteps, context);
    return context.doc;
  } catch (error) {
    await house.documents.delete(keys.instance(doc.id));
    throw error;
  }
}

/** Takes name, ids and addresses in one commit, so that no two instances get the same. */
function reserve(
  house: CreateNeeds,
  draft: Draft,
  source: Source,
  pool: string,
  operation: string,
): Promise<InstanceDoc> {
  return house.queue('allocate', async () => {
    if (lookUpInstance(house, draft.project, draft.name)) fail('instance.exists', { name: draft.name });
    const now = house.clock.now().toISOString();
    const uuid = house.clock.uuid();
    const doc: InstanceDoc = {
      ...draft,
      id: uuid.replaceAll('-', '').slice(-12),
      stateful: false,
      pool,
      idBase: freeIdBase(house),
      phase: 'creating',
      operation,
      createdAt: now,
      lastUsedAt: '0001-01-01T00:00:00Z',
      config: {
        ...imageConfig(source),
        ...draft.config,
        'volatile.uuid': uuid,
        'volatile.uuid.generation': uuid,
        'volatile.cloud-init.instance-id': house.clock.uuid(),
        'volatile.apply_template': source.kind === 'volume' ? 'copy' : 'create',
      },
    };
    doc.config = { ...doc.config, ...allocateAddresses(house, doc, expand(house, doc)) };
    await house.documents.put(keys.instance(doc.id), doc);
    return doc;
  });
}

function imageConfig(source: Source): ConfigMap {
  if (source.kind !== 'image') return {};
  const properties = Object.entries(source.image.properties).map(([key, value]) => [`image.${key}`, value]);
  return { ...Object.fromEntries(properties), 'volatile.base_image': source.image.fingerprint };
}
