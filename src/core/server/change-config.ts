/** Changes of the server's config: what it opens is opened before it is stored, so that a refused change changes nothing. */
import { serverKeys } from '../../api/config-keys/server.ts';
import { fail } from '../../api/errors.ts';
import { hashPassword } from '../certificates/trust-password.ts';
import type { House } from '../house.ts';
import { configError } from '../instances/config.ts';
import { type ConfigMap, keys } from '../model.ts';
import { serverConfig } from './config.ts';

type Needs = Pick<House, 'documents' | 'https' | 'events' | 'queue'>;

const addressKey = 'core.https_address';
const passwordKey = 'core.trust_password';
/** In place of the password. */
const hidden = 'true';

/** The config as clients see it. */
export function shownConfig(house: Pick<House, 'documents'>): ConfigMap {
  const config = serverConfig(house);
  return config[passwordKey] ? { ...config, [passwordKey]: hidden } : config;
}

/** `next` makes the new config from the one that clients see. */
export function changeConfig(house: Needs, next: (shown: ConfigMap) => ConfigMap): Promise<void> {
  return house.queue('server-config', async () => {
    const before = serverConfig(house);
    const config = next(shownConfig(house));
    const reason = configError(serverKeys, config);
    if (reason) fail('server.config', { reason });
    const stored = await withHash(config, before);
    const address = config[addressKey] || undefined;
    const opened = house.https.address;
    if (address !== before[addressKey]) await house.https.move(address);
    try {
      await house.documents.put(keys.server, { config: stored });
    } catch (error) {
      await house.https.move(opened);
      throw error;
    }
    house.events.lifecycle('default', { action: 'config-updated', source: '/1.0' });
  });
}

/** A client that writes back what it read leaves the password as it was. */
async function withHash(config: ConfigMap, before: ConfigMap): Promise<ConfigMap> {
  const { [passwordKey]: password, ...rest } = config;
  if (!password) return rest;
  const kept = before[passwordKey];
  return { ...rest, [passwordKey]: password === hidden && kept ? kept : await hashPassword(password) };
}
