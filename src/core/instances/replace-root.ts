/**
 * Replacing the root file system of a stopped instance: by a snapshot (restore), an image or nothing (rebuild). What it is
 * replaced by is noted first, so that a restarted daemon does the whole again: none of the steps minds.
 */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { imageOfContent } from '../images/find.ts';
import { ensureImage } from '../images/tree.ts';
import { type InstanceDoc, keys, type Replacement, type SnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { Pool } from '../ports/storage.ts';
import { applyEvent } from './change.ts';
import { expand } from './expand.ts';
import { instanceById } from './find.ts';
import { imageMetadata, keepMetadata, noMetadata } from './guest-metadata.ts';
import { makeRoot, rootSizeBytes, rootsIn } from './roots.ts';

export type ReplaceNeeds = Pick<
  House,
  'documents' | 'devices' | 'engines' | 'runtime' | 'pools' | 'images' | 'queue' | 'clock' | 'events'
>;

type Context = { house: ReplaceNeeds; doc: InstanceDoc; pool: Pool; by: Replacement };

const replaceSteps: readonly Step<Context>[] = [
  { name: 'replace the root file system', do: replaceVolume },
  {
    name: 'enter the new state',
    do: async ({ house, doc, by }) => {
      await enterState(house, doc, by);
    },
  },
];

/** The caller holds the instance's queue. */
export async function replaceRoot(house: ReplaceNeeds, id: string, by: Replacement, task: Task): Promise<void> {
  const { pool: poolName, type } = instanceById(house, id);
  const pool = house.pools.get(poolName) ?? fail('pool.closed', { name: poolName, reason: 'see gast doctor' });
  if (by.kind === 'image') await ensureImage(house, type, poolName, pool, by.fingerprint, task.signal);
  const doc = await applyEvent(house, id, 'restore', { operation: task.id, restoring: by });
  try {
    await performSteps(house, task, replaceSteps, { house, doc, pool, by });
  } catch (error) {
    if (instanceById(house, id).phase === 'restoring') await applyEvent(house, id, 'restored');
    throw error;
  }
}

/** Repair: what was cut off is done again, from its beginning. */
export async function replaceRootAgain(house: ReplaceNeeds, doc: InstanceDoc): Promise<void> {
  const pool = house.pools.get(doc.pool) ?? fail('pool.closed', { name: doc.pool, reason: 'see gast doctor' });
  const by = doc.restoring;
  if (!by) return void (await applyEvent(house, doc.id, 'restored'));
  const { signal } = new AbortController();
  if (by.kind === 'image') await ensureImage(house, doc.type, doc.pool, pool, by.fingerprint, signal);
  await replaceVolume({ house, doc, pool, by }, signal);
  await enterState(house, doc, by);
}

async function replaceVolume({ house, doc, pool, by }: Context, signal: AbortSignal): Promise<void> {
  const roots = rootsIn(house, pool, doc.type);
  if (by.kind === 'snapshot') {
    await roots.restore(doc.id, by.id, { signal });
    if (by.memory) await pool.memories.link({ id: doc.id, snapshot: by.id }, { id: doc.id });
    return;
  }
  // From here on there is no way back, and the next start of the daemon would go on.
  await roots.remove(doc.id);
  const { id, type } = doc;
  const sizeBytes = rootSizeBytes(house, expand(house, doc).devices);
  await makeRoot(pool, { id, type, ...(by.kind === 'image' ? { image: by.fingerprint } : {}), sizeBytes }, {});
}

async function enterState(house: ReplaceNeeds, doc: InstanceDoc, by: Replacement): Promise<void> {
  const image = by.kind === 'image' ? imageOfContent(house, by.fingerprint) : undefined;
  const metadata = image
    ? await keepMetadata(house, await imageMetadata(house, image))
    : by.kind === 'empty'
      ? await keepMetadata(house, noMetadata(doc))
      : undefined;
  await applyEvent(house, doc.id, 'restored', {
    ...(metadata === undefined ? {} : { metadata }),
    ...stateOf(house, doc, by),
  });
}

/** What the instance is after it, beside its files. */
function stateOf(house: ReplaceNeeds, doc: InstanceDoc, by: Replacement): Partial<InstanceDoc> {
  if (by.kind === 'snapshot') {
    const snapshot = house.documents.get<SnapshotDoc>(keys.snapshot(doc.id, by.id)) ?? fail('snapshot.not-found');
    const { config, devices, profiles, architecture, ephemeral } = snapshot.state;
    const volatile = Object.fromEntries(Object.entries(doc.config).filter(([key]) => key.startsWith('volatile.')));
    const metadata = snapshot.state.metadata === undefined ? {} : { metadata: snapshot.state.metadata };
    const known = { devices, profiles, architecture, ephemeral, stateful: by.memory === true };
    // Whoever keeps numbers that may be used once only learns from it that they may have been used.
    // Containers have no way to see it, and keep theirs, as in Incus.
    const generation = doc.type === 'container' ? {} : { 'volatile.uuid.generation': house.clock.uuid() };
    return { config: { ...config, ...volatile, ...generation }, ...known, ...metadata };
  }
  const kept = Object.entries(doc.config).filter(([key]) => !key.startsWith('image.') && key !== 'volatile.base_image');
  const image = by.kind === 'image' ? imageOfContent(house, by.fingerprint) : undefined;
  const properties = Object.entries(image?.properties ?? {}).map(([key, value]) => [`image.${key}`, value]);
  const base = by.kind === 'image' ? { 'volatile.base_image': by.fingerprint } : {};
  return {
    config: {
      ...Object.fromEntries(kept),
      ...Object.fromEntries(properties),
      ...base,
      'volatile.apply_template': 'create',
    },
  };
}
