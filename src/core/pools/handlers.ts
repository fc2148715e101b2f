/** Storage pool routes. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { StoragePool, storageRoutes } from '../../api/resources/storage.ts';
import { HostError } from '../../lib/host-error.ts';
import { poolNameError } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { patchedConfig, plainConfig } from '../instances/config.ts';
import { allInstances, instanceUrl } from '../instances/find.ts';
import { listing } from '../listing.ts';
import { type ConfigMap, keys, type PoolDoc, type ProfileDoc } from '../model.ts';
import type { StorageDriver } from '../ports/storage.ts';
import { profileUrl } from '../profiles/find.ts';
import { isHiddenPool } from '../projects/rules.ts';
import { allVolumes, volumeUrl } from '../volumes/find.ts';
import { changedPoolConfig, checkPoolConfig } from './config.ts';

const poolUrl = (name: string) => `/1.0/storage-pools/${encodeURIComponent(name)}`;

export function poolHandlers(house: House): Handlers<typeof storageRoutes> {
  const find = (name: string) => house.documents.get<PoolDoc>(keys.pool(name)) ?? fail('pool.not-found', { name });
  const usedBy = (name: string): string[] => [
    ...allInstances(house)
      .filter((doc) => doc.pool === name)
      .map((doc) => instanceUrl(doc)),
    ...house.documents
      .list<ProfileDoc>('profiles/')
      .filter((doc) => Object.values(doc.devices).some((device) => device.type === 'disk' && device.pool === name))
      .map((doc) => profileUrl(doc.name, doc.project)),
    ...allVolumes(house)
      .filter((doc) => doc.pool === name)
      .map((doc) => volumeUrl(doc)),
  ];
  /** The directory is shown also when it was not chosen. */
  const shownConfig = (doc: PoolDoc): ConfigMap => {
    const source = house.drivers.find((driver) => driver.name === doc.driver)?.location(doc);
    return { ...(source === undefined ? {} : { source }), ...doc.config };
  };
  const view = (doc: PoolDoc): StoragePool => ({
    name: doc.name,
    description: doc.description,
    driver: doc.driver,
    config: shownConfig(doc),
    used_by: usedBy(doc.name),
    status: house.pools.has(doc.name) ? 'Created' : 'Unavailable',
    locations: ['none'],
  });
  const told = (verb: string, name: string) =>
    house.events.lifecycle('default', { action: `storage-pool-${verb}`, source: poolUrl(name), name });
  const change = (
    name: string,
    checkMatch: (current: unknown) => void,
    next: (doc: PoolDoc) => { description: string; config: ConfigMap },
  ) =>
    house.queue(`pool:${name}`, async () => {
      const doc = find(name);
      checkMatch(view(doc));
      const shown = shownConfig(doc);
      const { description, config: sent } = next({ ...doc, config: shown });
      const config = changedPoolConfig(shown, sent);
      const { source: _, ...rest } = config;
      const kept = doc.config.source === undefined ? {} : { source: doc.config.source };
      await house.documents.put(keys.pool(name), { ...doc, description, config: { ...kept, ...rest } });
      told('updated', name);
      return {};
    });
  return {
    'GET /1.0/storage-pools': ({ query, project }) =>
      listing(
        house.documents
          .list<PoolDoc>('pools/')
          .filter((doc) => !isHiddenPool(house, project, doc.name))
          .map((doc) => ({ url: poolUrl(doc.name), object: () => view(doc) })),
        query,
      ),
    'POST /1.0/storage-pools': ({ body }) =>
      house.queue(`pool:${body.name}`, async () => {
        const reason = poolNameError(body.name);
        if (reason) fail('pool.name', { reason });
        if (house.documents.get(keys.pool(body.name))) fail('pool.exists', { name: body.name });
        const driver = await usableDriver(house, body.driver);
        const config = plainConfig(body.config);
        checkPoolConfig(driver, config);
        await createPool(house, driver, {
          name: body.name,
          description: body.description ?? '',
          driver: body.driver,
          config,
        });
        told('created', body.name);
        return { location: poolUrl(body.name) };
      }),
    'GET /1.0/storage-pools/{name}': ({ params, project }) =>
      isHiddenPool(house, project, params.name)
        ? fail('pool.not-found', { name: params.name })
        : view(find(params.name)),
    'PUT /1.0/storage-pools/{name}': ({ params, body, checkMatch }) =>
      change(params.name, checkMatch, () => ({
        description: body.description ?? '',
        config: plainConfig(body.config),
      })),
    'PATCH /1.0/storage-pools/{name}': ({ params, body, checkMatch }) =>
      change(params.name, checkMatch, (doc) => ({
        description: body.description ?? doc.description,
        config: patchedConfig(doc.config, body.config),
      })),
    'DELETE /1.0/storage-pools/{name}': ({ params }) =>
      house.queue(`pool:${params.name}`, async () => {
        const doc = find(params.name);
        if (usedBy(doc.name).length > 0) fail('pool.in-use');
        const driver = await usableDriver(house, doc.driver);
        await house.documents.delete(keys.pool(doc.name));
        house.pools.delete(doc.name);
        await driver.destroy(doc);
        told('deleted', doc.name);
        return {};
      }),
    async 'GET /1.0/storage-pools/{name}/resources'({ params }) {
      const { name } = find(params.name);
      const pool = house.pools.get(name) ?? fail('pool.closed', { name, reason: house.brokenPools.get(name) ?? '' });
      const space = await pool.space();
      return {
        space: { used: space.usedBytes, total: space.totalBytes },
        inodes: { used: space.usedInodes, total: space.totalInodes },
      };
    },
  };
}

export async function usableDriver(house: Pick<House, 'drivers'>, name: string): Promise<StorageDriver> {
  const driver = house.drivers.find((candidate) => candidate.name === name);
  if (!driver)
    return fail('pool.driver', {
      driver: name,
      reason: `there is: ${house.drivers.map((known) => known.name).join(', ')}`,
    });
  const reason = await driver.unusable();
  return reason ? fail('pool.driver', { driver: name, reason }) : driver;
}

export async function createPool(
  house: Pick<House, 'documents' | 'pools'>,
  driver: StorageDriver,
  doc: PoolDoc,
): Promise<void> {
  const pool = await driver.open(doc).catch((error: unknown) => {
    // The directory is not empty, on the wrong file system, or somebody else's: the caller chose it.
    if (error instanceof HostError && doc.config.source) fail('pool.config', { reason: error.message }, error);
    throw error;
  });
  try {
    await house.documents.commit([{ put: keys.pool(doc.name), value: doc, expect: 0 }]);
  } catch (error) {
    await driver.destroy(doc);
    throw error;
  }
  house.pools.set(doc.name, pool);
}
