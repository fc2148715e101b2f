/** All handlers of all routes; the type says when one is missing. */
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
  return {
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
  };
}
