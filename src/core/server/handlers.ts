/** Routes of the server itself. */
import { serverKeys } from '../../api/config-keys/server.ts';
import { fail } from '../../api/errors.ts';
import { apiExtensions } from '../../api/extensions.ts';
import type { Handlers } from '../../api/handlers.ts';
import { openapi } from '../../api/openapi.ts';
import type { Server, serverRoutes } from '../../api/resources/server.ts';
import { routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import { configError, patchedConfig, plainConfig } from '../instances/config.ts';
import { type ConfigMap, keys, type ServerDoc } from '../model.ts';
import { documentedConfiguration } from './configuration.ts';
import { doctor } from './doctor.ts';
import { environment } from './environment.ts';

export type ServerControl = { shutdown(): void };

export function serverHandlers(house: House, control: ServerControl): Handlers<typeof serverRoutes> {
  const config = (): ConfigMap => house.documents.get<ServerDoc>(keys.server)?.config ?? {};
  const view = (trusted: boolean, username: string): Server => ({
    config: trusted ? config() : {},
    api_extensions: [...apiExtensions],
    api_status: 'stable',
    api_version: '1.0',
    auth: trusted ? 'trusted' : 'untrusted',
    public: false,
    auth_methods: ['tls'],
    ...(trusted ? { auth_user_name: username, auth_user_method: 'unix', environment: environment(house) } : {}),
  });
  const change = async (next: ConfigMap, checkMatch: (current: unknown) => void) => {
    checkMatch({ config: config() });
    const reason = configError(serverKeys, next);
    if (reason) fail('server.config', { reason });
    await house.documents.put(keys.server, { config: next });
    house.events.lifecycle('default', { action: 'config-updated', source: '/1.0' });
    return {};
  };
  return {
    'GET /': () => ['/1.0'],
    'GET /1.0': ({ identity }) => view(identity.trusted, identity.username),
    'PUT /1.0': ({ body, checkMatch }) => change(plainConfig(body.config), checkMatch),
    'PATCH /1.0': ({ body, checkMatch }) => change(patchedConfig(config(), body.config), checkMatch),
    'GET /1.0/metadata/configuration': () => ({ configs: documentedConfiguration() }),
    'GET /1.0/openapi.json': () => ({
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(openapi(routes, { version: house.facts.version })),
    }),
    'GET /1.0/doctor': () => doctor(house),
    'GET /1.0/warnings': () => [],
    'GET /1.0/cluster': () => ({ server_name: house.facts.serverName, enabled: false, member_config: [] }),
    'GET /internal/ready': () => ({}),
    'PUT /internal/shutdown'() {
      control.shutdown();
      return {};
    },
  };
}
