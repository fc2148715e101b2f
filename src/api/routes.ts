/** The whole API on one screen: every route of every resource. */
import { backupRoutes } from './resources/backup-routes.ts';
import { certificateRoutes } from './resources/certificates.ts';
import { eventRoutes } from './resources/events.ts';
import { resourceRoutes } from './resources/host-resources.ts';
import { imageRoutes } from './resources/images.ts';
import { instanceAccessRoutes } from './resources/instance-access.ts';
import { instanceMetadataRoutes } from './resources/instance-metadata.ts';
import { instanceRoutes } from './resources/instance-routes.ts';
import { networkAclRoutes } from './resources/network-acls.ts';
import { networkForwardRoutes } from './resources/network-forwards.ts';
import { networkRoutes } from './resources/networks.ts';
import { notHereRoutes } from './resources/not-here.ts';
import { operationRoutes } from './resources/operations.ts';
import { profileRoutes } from './resources/profiles.ts';
import { projectRoutes } from './resources/projects.ts';
import { serverRoutes } from './resources/server.ts';
import { storageRoutes } from './resources/storage.ts';
import { volumeRoutes } from './resources/volume-routes.ts';
import { warningRoutes } from './resources/warnings.ts';

export const routes = {
  ...serverRoutes,
  ...resourceRoutes,
  ...warningRoutes,
  ...eventRoutes,
  ...operationRoutes,
  ...certificateRoutes,
  ...instanceRoutes,
  ...backupRoutes,
  ...instanceMetadataRoutes,
  ...instanceAccessRoutes,
  ...imageRoutes,
  ...profileRoutes,
  ...projectRoutes,
  ...networkRoutes,
  ...networkForwardRoutes,
  ...networkAclRoutes,
  ...notHereRoutes,
  ...storageRoutes,
  ...volumeRoutes,
};

export type Routes = typeof routes;
export type RouteKey = keyof Routes;
