/** All handlers of all routes; the type says when one is missing. */
import { fail } from '../api/errors.ts';
import type { Handlers } from '../api/handlers.ts';
import type { Routes } from '../api/routes.ts';
import { eventHandlers } from './events/handlers.ts';
import type { House } from './house.ts';
import { aliasHandlers } from './images/alias-handlers.ts';
import { imageHandlers } from './images/handlers.ts';
import { fileHandlers } from './instances/files.ts';
import { instanceHandlers } from './instances/handlers.ts';
import { sessionHandlers } from './instances/session-handlers.ts';
import { snapshotHandlers } from './instances/snapshot-handlers.ts';
import { stateHandlers } from './instances/state-handlers.ts';
import { networkHandlers } from './networks/handlers.ts';
import { operationHandlers } from './operations/handlers.ts';
import { poolHandlers } from './pools/handlers.ts';
import { profileHandlers } from './profiles/handlers.ts';
import { projectHandlers } from './projects/handlers.ts';
import { type ServerControl, serverHandlers } from './server/handlers.ts';

export function createHandlers(house: House, control: ServerControl): Handlers<Routes> {
  return insideProjects({
    ...serverHandlers(house, control),
    ...eventHandlers(house),
    ...operationHandlers(house),
    ...instanceHandlers(house),
    ...stateHandlers(house),
    ...snapshotHandlers(house),
    ...sessionHandlers(house),
    ...fileHandlers(house),
    ...imageHandlers(house),
    ...aliasHandlers(house),
    ...profileHandlers(house),
    ...projectHandlers(house),
    ...networkHandlers(house),
    ...poolHandlers(house),
  });
}

/** Nothing is done in a project that is not there. */
function insideProjects(handlers: Handlers<Routes>): Handlers<Routes> {
  const checked = Object.entries(handlers).map(([key, handler]) => {
    const inside = (call: { project: string }) => {
      if (call.project !== 'default') fail('project.not-found', { name: call.project });
      return (handler as (call: unknown) => unknown)(call);
    };
    return [key, inside];
  });
  return Object.fromEntries(checked) as Handlers<Routes>;
}
