/**
 * Who asked for what is being done now, for the events of it. It follows the work through its promises, also into the
 * operation that goes on after the answer, so that no function in between has to carry it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Requestor } from './hub.ts';

const caller = new AsyncLocalStorage<Requestor>();

export const asCaller = <T>(requestor: Requestor, work: () => T): T => caller.run(requestor, work);

/** Undefined for what the daemon does by itself. */
export const presentCaller = (): Requestor | undefined => caller.getStore();

/** For work that begins in somebody's call but is not done for him: timers, watchers. */
export const asDaemon = <T>(work: () => T): T => caller.exit(work);
