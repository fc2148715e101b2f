/** Routes of what the host has and of what the guests use. */
import type { Handlers } from '../../api/handlers.ts';
import type { resourceRoutes } from '../../api/resources/host-resources.ts';
import type { House } from '../house.ts';
import { metricsText } from './metrics.ts';

export function resourceHandlers(house: House): Handlers<typeof resourceRoutes> {
  const startedAt = house.clock.now();
  return {
    'GET /1.0/resources': () => house.resources.read(),
    'GET /1.0/metrics': async ({ query, project, identity }) => ({
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: await metricsText(house, identity.projects ? project : query.project || undefined, startedAt),
    }),
  };
}
