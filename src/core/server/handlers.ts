/** Routes of the server itself. */
import { apiExtensions } from '../../api/extensions.ts';
import type { Handlers, Identity } from '../../api/handlers.ts';
import { openapi } from '../../api/openapi.ts';
import type { Server, serverRoutes } from '../../api/resources/server.ts';
import { routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import { patchedConfig, plainConfig } from '../instances/config.ts';
import type { ConfigMap } from '../model.ts';
import { changeConfig, shownConfig } from './change-config.ts';
import { documentedConfiguration } from './configuration.ts';
import { doctor } from './doctor.ts';
import { environment } from './environment.ts';

export type ServerControl = { shutdown(): void };

export function serverHandlers(house: House, control: ServerControl): Handlers<typeof serverRoutes> {
  const view = ({ trusted, projects, username, protocol }: Identity, project: string): Server => ({
    // Who is confined to projects does not see how the server is set up.
    config: trusted && !projects ? shownConfig(house) : {},
    api_extensions: [...apiExtensions],
    api_status: 'stable',
    api_version: '1.0',
    auth: trusted ? 'trusted' : 'untrusted',
    public: false,
    auth_methods: ['tls'],
    ...(trusted
      ? { auth_user_name: username, auth_user_method: protocol, environment: environment(house, project) }
      : {}),
  });
  const change = async (checkMatch: (current: unknown) => void, next: (shown: ConfigMap) => ConfigMap) => {
    await changeConfig(house, (shown) => {
      checkMatch({ config: shown });
      return next(shown);
    });
    return {};
  };
  return {
    'GET /': () => ['/1.0'],
    'GET /1.0': ({ identity, project }) => view(identity, project),
    'PUT /1.0': ({ body, checkMatch }) => change(checkMatch, () => plainConfig(body.config)),
    'PATCH /1.0': ({ body, checkMatch }) => change(checkMatch, (shown) => patchedConfig(shown, body.config)),
    'GET /1.0/metadata/configuration': () => ({ configs: documentedConfiguration() }),
    'GET /1.0/openapi.json': () => ({
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(openapi(routes, { version: house.facts.version })),
    }),
    'GET /1.0/doctor': () => doctor(house),
    'GET /1.0/cluster': () => ({
      server_name: house.facts.serverName,
      enabled: false,
      member_config: [...house.pools.keys()].sort().map((name) => ({
        entity: 'storage-pool',
        name,
        key: 'source',
        value: '',
        description: `"source" property for storage pool "${name}"`,
      })),
    }),
    'GET /internal/ready': () => ({}),
    'PUT /internal/shutdown'() {
      control.shutdown();
      return {};
    },
  };
}
