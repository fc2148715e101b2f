/** Follows the server's events on a websocket, as an async iterable. */
import type { Event, EventType } from '../api/resources/events.ts';
import { broken, ClientError } from './client-error.ts';
import type { WebSocketConnection } from './websocket.ts';

export type EventsOptions = {
  types?: readonly EventType[] | undefined;
  project?: string | undefined;
  allProjects?: boolean | undefined;
  /** Replays what came after this sequence number, as far as the server keeps it. */
  since?: number | undefined;
  signal?: AbortSignal | undefined;
};

export function eventsPath({ types, project, allProjects, since }: EventsOptions): string {
  const query = new URLSearchParams();
  if (types && types.length > 0) query.set('type', types.join(','));
  // All projects and one exclude each other.
  if (allProjects) query.set('all-projects', 'true');
  else if (project) query.set('project', project);
  if (since !== undefined) query.set('since', String(since));
  const search = query.toString();
  return search === '' ? '/1.0/events' : `/1.0/events?${search}`;
}

/** Ends quietly when the signal aborts, and with an error when the server goes away. */
export async function* followEvents(socket: WebSocketConnection, signal?: AbortSignal): AsyncGenerator<Event> {
  using connection = socket;
  const queue: Event[] = [];
  let wake = () => {};
  let ended = false;
  const stop = () => {
    ended = true;
    wake();
  };
  connection.onMessage(({ binary, data }) => {
    const event = binary ? undefined : parseEvent(data);
    if (event === undefined) return;
    queue.push(event);
    wake();
  });
  connection.closed.then(stop);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    while (!signal?.aborted) {
      const next = queue.shift();
      if (next !== undefined) yield next;
      else if (ended)
        throw new ClientError({ status: 0, code: broken, message: 'The server ended the stream of events' });
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    }
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function parseEvent(data: Buffer): Event | undefined {
  const value: unknown = JSON.parse(data.toString());
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  // Heartbeats only keep the connection busy.
  return value.type === 'heartbeat' ? undefined : (value as Event);
}
