/**
 * Events: published once, numbered, kept in a ring for replay, handed to every listener. A listener that throws or is
 * slow never holds up the publisher; slow websockets are the listener's business (`handlers.ts`).
 */
import type { Event, EventType, Lifecycle } from '../../api/resources/events.ts';
import type { Operation } from '../../api/resources/operations.ts';
import { createRing } from '../../lib/ring.ts';
import type { Clock } from '../ports/clock.ts';
import { presentCaller } from './caller.ts';

export type Requestor = { username: string; protocol: string; address: string };
/** Events that nobody asked for: a guest halted by itself, repair after a restart. */
const daemonRequestor: Requestor = { username: 'gasthofd', protocol: 'internal', address: '' };

export interface EventHub {
  operation(project: string, operation: Operation): void;
  /** In the name of the present caller. */
  lifecycle(project: string, event: Omit<Lifecycle, 'requestor'>): void;
  logging(level: 'debug' | 'info' | 'warning' | 'error', message: string, context?: Record<string, string>): void;
  subscribe(listener: (event: Event) => void): Disposable;
  /** Events after `sequence`, as far as they are kept. */
  since(sequence: number): Event[];
}

const keptEvents = 10_000;

export function createEventHub(clock: Pick<Clock, 'now'>): EventHub {
  const ring = createRing<Event>(keptEvents);
  const listeners = new Set<(event: Event) => void>();
  const publish = (type: EventType, metadata: unknown, project?: string) => {
    const event: Event = { type, timestamp: clock.now().toISOString(), metadata, location: 'none' };
    if (project) event.project = project;
    event.sequence = ring.push(event);
    for (const listener of listeners) listener(event);
  };
  return {
    operation: (project, operation) => publish('operation', operation, project),
    lifecycle(project, event) {
      const { username, protocol, address } = presentCaller() ?? daemonRequestor;
      publish('lifecycle', { requestor: { username, protocol, address }, project, ...event }, project);
    },
    logging: (level, message, context = {}) => publish('logging', { message, level, context }),
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    since: (sequence) => ring.since(sequence).items.map(({ item }) => item),
  };
}
