/** The whole API on one screen: every route of every resource. */
import { eventRoutes } from './resources/events.ts';
import { imageRoutes } from './resources/images.ts';
import { instanceRoutes } from './resources/instance-routes.ts';
import { networkRoutes } from './resources/networks.ts';
import { operationRoutes } from './resources/operations.ts';
import { profileRoutes } from './resources/profiles.ts';
import { projectRoutes } from './resources/projects.ts';
import { serverRoutes } from './resources/server.ts';
import { storageRoutes } from './resources/storage.ts';

export const routes = {
  ...serverRoutes,
  ...eventRoutes,
  ...operationRoutes,
  ...instanceRoutes,
  ...imageRoutes,
  ...profileRoutes,
  ...projectRoutes,
  ...networkRoutes,
  ...storageRoutes,
};

export type Routes = typeof routes;
export type RouteKey = keyof Routes;
