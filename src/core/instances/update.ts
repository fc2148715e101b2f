/** Changing config, devices and profiles of an instance; limits of a running guest change at once. */

import { instanceKeys } from '../../api/config-keys/instance.ts';
import { findKey } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import { type ConfigMap, type InstanceDoc, keys, type ProfileDoc } from '../model.ts';
import { checkHostName } from '../networks/host-names.ts';
import { allocateAddresses } from '../networks/nics.ts';
import { profileUsers } from '../profiles/find.ts';
import { allowInstance } from '../projects/rules.ts';
import { checkInstanceConfig, parseLimits } from './config.ts';
import { checkAvailable, checkDevices, checkExpandedDevices, checkKindOfDevices, rootPool } from './devices.ts';
import { checkProfiles, type Expanded, expand } from './expand.ts';
import { instanceById, instanceUrl } from './find.ts';
import { applyDevices, type Equipped, type PlugNeeds } from './hot-plug.ts';
import { checkChangedModel } from './machine-model.ts';
import { checkRootSize } from './root-size.ts';
import { resizeScreen, type ScreenChange } from './screen.ts';
import { volatileConfig } from './view.ts';

export type UpdateNeeds = PlugNeeds & Pick<House, 'queue'>;
export type InstanceChange = Partial<
  Pick<InstanceDoc, 'description' | 'config' | 'devices' | 'profiles' | 'ephemeral' | 'architecture'>
>;

/**
 * Replaces the given parts. The caller holds the instance's queue and has checked the ETag. Tells what became of a new size of
 * the screen of a machine that runs.
 */
export async function updateInstance(
  house: UpdateNeeds,
  id: string,
  change: InstanceChange,
): Promise<{ screen?: ScreenChange }> {
  const old = instanceById(house, id);
  const config = change.config ? ownVolatile(house, old, change.config) : old.config;
  const doc: InstanceDoc = { ...old, ...change, config };
  checkInstanceConfig(house.facts, doc.config);
  checkProfiles(doc.profiles);
  checkDevices(house, doc.devices, doc.project);
  checkAvailable(house, doc.devices, old.devices);
  const expanded = expand(house, doc);
  checkExpandedDevices(house, expanded.devices);
  checkKindOfDevices(house, doc, expanded.devices);
  allowInstance(house, doc);
  if (rootPool(house, expanded.devices) !== old.pool)
    fail('instance.devices', {
      device: 'root',
      reason: `the root disk is in the pool ${old.pool}; it cannot be changed here`,
    });
  const before = expand(house, old);
  await checkRootSize(house, doc, before.devices, expanded.devices);
  await checkChangedModel(house, doc, before, expanded);
  await applyLive(house, old, before, expanded);
  const screen = await resizeScreen(house, old, before.config, expanded.config);
  try {
    await house.queue('allocate', async () => {
      allowInstance(house, doc);
      checkHostName(house, doc);
      doc.config = { ...doc.config, ...allocateAddresses(house, doc, expanded, { before }) };
      await house.documents.put(keys.instance(id), doc);
    });
    // After the document: a daemon that is killed meanwhile leaves it to the next one to bring the guest there.
    await plugOrPutBack(house, { doc: old, devices: before.devices }, { doc, devices: expanded.devices });
  } catch (error) {
    await applyLive(house, old, expanded, before);
    await resizeScreen(house, old, expanded.config, before.config);
    throw error;
  }
  house.events.lifecycle(old.project, { action: 'instance-updated', source: instanceUrl(old), name: old.name });
  return screen ? { screen } : {};
}

async function plugOrPutBack(house: UpdateNeeds, before: Equipped, after: Equipped): Promise<void> {
  try {
    await applyDevices(house, before, after);
  } catch (error) {
    await house.documents.put(keys.instance(before.doc.id), before.doc);
    throw error;
  }
}

/** `volatile.*` belongs to the server: what a client sends back is dropped, what it left out is kept; idmap keys may not be bent. */
function ownVolatile(house: UpdateNeeds, old: InstanceDoc, sent: ConfigMap): ConfigMap {
  const derived = volatileConfig(house, old);
  // `incus copy --refresh` sends the whole config of the instance that it copied from another server.
  const isOwn = (sent['volatile.uuid'] ?? old.config['volatile.uuid']) === old.config['volatile.uuid'];
  for (const [key, value] of Object.entries(sent))
    if (isOwn && key.startsWith('volatile.idmap.') && derived[key] !== value) fail('instance.volatile');
  const kept = Object.entries(old.config).filter(([key]) => key.startsWith('volatile.'));
  return {
    ...Object.fromEntries(Object.entries(sent).filter(([key]) => !key.startsWith('volatile.'))),
    ...Object.fromEntries(kept),
  };
}

/** Gives a running guest its new limits; what cannot change while it runs is refused. */
async function applyLive(house: UpdateNeeds, doc: InstanceDoc, before: Expanded, after: Expanded): Promise<void> {
  if (!house.runtime.get(doc.id)) return;
  const changed = [...new Set([...Object.keys(before.config), ...Object.keys(after.config)])].filter(
    (key) => before.config[key] !== after.config[key],
  );
  if (!changed.some((key) => key.startsWith('limits.') && findKey(instanceKeys, key)?.live)) return;
  try {
    await house.engines[doc.type].update(doc.id, parseLimits(after.config, house.facts));
  } catch (error) {
    if (error instanceof HostError) fail('instance.limit', { reason: error.message }, error);
    throw error;
  }
}

async function applyProfile(house: UpdateNeeds, id: string, old: Expanded): Promise<void> {
  const before = instanceById(house, id);
  const expanded = expand(house, before);
  await applyLive(house, before, old, expanded);
  await resizeScreen(house, before, old.config, expanded.config);
  if (!house.runtime.get(id)) return;
  const doc = await house.queue('allocate', async () => {
    const given = allocateAddresses(house, before, expanded, { before: old });
    const next = { ...before, config: { ...before.config, ...given } };
    if (Object.keys(given).length > 0) await house.documents.put(keys.instance(id), next);
    return next;
  });
  await applyDevices(house, { doc: before, devices: old.devices }, { doc, devices: expanded.devices });
}

/** After a profile changed: running guests that use it get the new limits and devices. Returns what went wrong, by instance. */
export async function applyProfileChange(
  house: UpdateNeeds,
  profile: Pick<ProfileDoc, 'project' | 'name'>,
  before: Map<string, Expanded>,
): Promise<Map<string, string>> {
  const problems = new Map<string, string>();
  for (const doc of profileUsers(house, profile)) {
    const old = before.get(doc.id);
    if (!old) continue;
    await house
      .queue(doc.id, () => applyProfile(house, doc.id, old))
      .catch((error: unknown) => {
        problems.set(doc.name, error instanceof Error ? error.message : String(error));
      });
  }
  return problems;
}
