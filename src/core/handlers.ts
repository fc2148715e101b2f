/** All handlers of all routes; the type says when one is missing. */
import { fail } from '../api/errors.ts';
import type { Handlers, Identity } from '../api/handlers.ts';
import type { Routes } from '../api/routes.ts';
import type { ListQuery } from '../api/schema.ts';
import { backupHandlers } from './backups/handlers.ts';
import { certificateHandlers } from './certificates/handlers.ts';
import { asCaller } from './events/caller.ts';
import { eventHandlers } from './events/handlers.ts';
import type { House } from './house.ts';
import { aliasHandlers } from './images/alias-handlers.ts';
import { createImageHandlers } from './images/create-handlers.ts';
import { imageFileHandlers } from './images/file-handlers.ts';
import { imageHandlers } from './images/handlers.ts';
import { accessHandlers } from './instances/access-handlers.ts';
import { connectHandlers } from './instances/connect-handlers.ts';
import { fileHandlers } from './instances/files.ts';
import { instanceHandlers } from './instances/handlers.ts';
import { metadataHandlers } from './instances/metadata-handlers.ts';
import { sessionHandlers } from './instances/session-handlers.ts';
import { snapshotHandlers } from './instances/snapshot-handlers.ts';
import { stateHandlers } from './instances/state-handlers.ts';
import { wantsAllProjects } from './listing.ts';
import { aclHandlers } from './networks/acl-handlers.ts';
import { forwardHandlers } from './networks/forward-handlers.ts';
import { networkHandlers } from './networks/handlers.ts';
import { notHereHandlers } from './networks/not-here-handlers.ts';
import { operationHandlers } from './operations/handlers.ts';
import { poolHandlers } from './pools/handlers.ts';
import { profileHandlers } from './profiles/handlers.ts';
import { lookUpProject } from './projects/features.ts';
import { projectHandlers } from './projects/handlers.ts';
import { type ServerControl, serverHandlers } from './server/handlers.ts';
import { resourceHandlers } from './server/resource-handlers.ts';
import { volumeBackupHandlers } from './volumes/backup-handlers.ts';
import { volumeHandlers } from './volumes/handlers.ts';
import { volumeSnapshotHandlers } from './volumes/snapshot-handlers.ts';
import { warningHandlers } from './warnings/handlers.ts';

export function createHandlers(house: House, control: ServerControl): Handlers<Routes> {
  return withCaller(
    insideProjects(house, {
      ...serverHandlers(house, control),
      ...resourceHandlers(house),
      ...warningHandlers(house),
      ...eventHandlers(house),
      ...operationHandlers(house),
      ...certificateHandlers(house),
      ...instanceHandlers(house),
      ...stateHandlers(house),
      ...snapshotHandlers(house),
      ...backupHandlers(house),
      ...sessionHandlers(house),
      ...connectHandlers(house),
      ...metadataHandlers(house),
      ...accessHandlers(house),
      ...fileHandlers(house),
      ...imageHandlers(house),
      ...createImageHandlers(house),
      ...imageFileHandlers(house),
      ...aliasHandlers(house),
      ...profileHandlers(house),
      ...projectHandlers(house),
      ...networkHandlers(house),
      ...forwardHandlers(house),
      ...aclHandlers(house),
      ...notHereHandlers(house),
      ...poolHandlers(house),
      ...volumeHandlers(house),
      ...volumeSnapshotHandlers(house),
      ...volumeBackupHandlers(house),
    }),
  );
}

/** Events of a call name its caller. */
function withCaller(handlers: Handlers<Routes>): Handlers<Routes> {
  const named = Object.entries(handlers).map(([key, handler]) => [
    key,
    (call: { identity: Identity }) => asCaller(call.identity, () => (handler as (call: unknown) => unknown)(call)),
  ]);
  return Object.fromEntries(named) as Handlers<Routes>;
}

/**
 * What belongs to no project. Clients name their project in every call, and some are made when it is gone or has another
 * name by now: listing the projects, waiting for the operation that renames one.
 */
const outsideProjects =
  /^\S+ (\/|\/internal\/.*|\/1\.0(\/(projects|operations|certificates|warnings|cluster|resources|metadata|metrics|doctor|openapi\.json)(\/.*)?)?)$/;

/** Nothing is done in a project that is not there. */
function insideProjects(house: House, handlers: Handlers<Routes>): Handlers<Routes> {
  const checked = Object.entries(handlers).map(([key, handler]) => {
    if (outsideProjects.test(key)) return [key, handler];
    const inside = (call: { project: string; query: ListQuery }) => {
      if (wantsAllProjects(call.query)) {
        if (call.query.project) fail('project.all');
      } else if (!lookUpProject(house, call.project)) fail('project.not-found', { name: call.project });
      return (handler as (call: unknown) => unknown)(call);
    };
    return [key, inside];
  });
  return Object.fromEntries(checked) as Handlers<Routes>;
}
