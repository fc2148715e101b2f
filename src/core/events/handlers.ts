/** The events websocket. A listener that does not read is closed before it costs memory. */
import { fail } from '../../api/errors.ts';
import type { Channel, Handlers } from '../../api/handlers.ts';
import { type Event, type eventRoutes, eventTypes } from '../../api/resources/events.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { House } from '../house.ts';
import { wantsAllProjects, wholeNumber } from '../listing.ts';

/** What may wait for a slow listener; about ten thousand events. All listeners share the bytes of an event. */
const backlogBytes = 8 * 1024 * 1024;
/** Numbers of events grow as long as the daemon lives. */
const longestDigits = 15;

export function eventHandlers(house: Pick<House, 'events'>): Handlers<typeof eventRoutes> {
  const written = createWriter();
  return {
    'GET /1.0/events'({ query, project, identity }) {
      const types = query.type ? query.type.split(',') : [...eventTypes];
      for (const type of types)
        if (type !== 'network-acl' && !eventTypes.some((known) => known === type)) fail('event.type', { type });
      const since = query.since === undefined ? undefined : wholeNumber('since', query.since, longestDigits);
      const heartbeat =
        query.heartbeat === undefined
          ? undefined
          : Math.max(1, wholeNumber('heartbeat', query.heartbeat, longestDigits));
      const all = wantsAllProjects(query);
      const wanted = (event: Event) =>
        types.includes(event.type) &&
        (all || event.project === undefined || event.project === project) &&
        (!identity.projects || isHarmless(event));
      return (channel) => follow(house, channel, written, wanted, { since, heartbeat });
    },
  };
}

/** Who is confined to projects sees neither the server's log nor tokens, whose secret would make them anybody. */
function isHarmless({ type, project, metadata }: Event): boolean {
  return project !== undefined && !(type === 'operation' && (metadata as Operation).class === 'token');
}

/**
 * Hundreds may listen, and one event goes to all of them before the next: it is written once, and what waits for those
 * who do not read is the same memory.
 */
function createWriter(): (event: Event) => Uint8Array {
  let last: { event: Event; bytes: Uint8Array } | undefined;
  return (event) => {
    if (last?.event !== event) last = { event, bytes: Buffer.from(JSON.stringify(event)) };
    return last.bytes;
  };
}

function follow(
  house: Pick<House, 'events'>,
  channel: Channel,
  written: (event: Event) => Uint8Array,
  wanted: (event: Event) => boolean,
  options: { since: number | undefined; heartbeat: number | undefined },
): void {
  const send = (event: Event) => {
    if (!wanted(event)) return;
    if (channel.bufferedBytes > backlogBytes) return channel.close(1008, 'too slow: events were not read');
    channel.sendText(written(event));
  };
  if (options.since !== undefined) for (const event of house.events.since(options.since)) send(event);
  const subscription = house.events.subscribe(send);
  const beat =
    options.heartbeat === undefined
      ? undefined
      : setInterval(() => channel.sendText('{"type":"heartbeat"}'), options.heartbeat * 1000);
  channel.onClose(() => {
    subscription[Symbol.dispose]();
    clearInterval(beat);
  });
}
