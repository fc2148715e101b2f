/** What a new house has: a storage pool, a network and the default profile that names both. */
import type { House } from '../house.ts';
import { type DevicesMap, keys, type NetworkDoc, type ProfileDoc } from '../model.ts';
import { completeNetworkConfig } from '../networks/config.ts';
import { createNetwork } from '../networks/handlers.ts';
import { createPool } from '../pools/handlers.ts';

type Needs = Pick<House, 'documents' | 'drivers' | 'pools' | 'networks' | 'devices' | 'facts' | 'events'>;

/** Does nothing when there is a default profile. What cannot be made is told and left out; the rest works. */
export async function makeDefaults(house: Needs): Promise<void> {
  if (house.documents.get(keys.profile('default', 'default'))) return;
  const devices: DevicesMap = {};
  const pool = await defaultPool(house);
  if (pool) devices.root = { type: 'disk', path: '/', pool };
  const network = await defaultNetwork(house).catch((error: unknown) => {
    house.events.logging(
      'error',
      `The default network could not be made: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  });
  if (network) devices.eth0 = { type: 'nic', name: 'eth0', network };
  const profile: ProfileDoc = {
    name: 'default',
    project: 'default',
    description: 'Default Gasthof profile',
    config: {},
    devices,
  };
  await house.documents.put(keys.profile('default', 'default'), profile);
}

/** The first driver of the list that this host can use. */
async function defaultPool(house: Needs): Promise<string | undefined> {
  if (house.pools.has('default')) return 'default';
  for (const driver of house.drivers) {
    const reason = await driver.unusable();
    if (reason) {
      house.events.logging('warning', `The storage driver ${driver.name} is not used: ${reason}`);
      continue;
    }
    await createPool(house, driver, { name: 'default', description: '', driver: driver.name, config: {} });
    return 'default';
  }
  return undefined;
}

async function defaultNetwork(house: Needs): Promise<string | undefined> {
  const name = house.facts.defaultNetwork;
  if (house.documents.get(keys.network(name))) return name;
  const reason = await house.networks.unusable();
  if (reason) throw new Error(reason);
  const doc: NetworkDoc = {
    name,
    description: '',
    type: 'bridge',
    config: await completeNetworkConfig(house, name, {}),
  };
  await createNetwork(house, doc);
  return name;
}
