/** The way to a port of a guest for whoever may use it, wherever the daemon and the guest have their networks. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Routes } from '../../api/routes.ts';
import { HostError } from '../../lib/host-error.ts';
import { formatIp, parseIp } from '../../lib/ip.ts';
import { joinStreams } from '../../lib/join-streams.ts';
import type { House } from '../house.ts';
import { findInstance } from './find.ts';
import type { RunningGuest } from './runtime.ts';

const reasons: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'the guest has no way to this address',
  ENETUNREACH: 'the guest has no way to this address',
  ESRCH: 'the guest has just ended',
};

export function connectHandlers(
  house: Pick<House, 'documents' | 'runtime' | 'proxies'>,
): Pick<Handlers<Routes>, 'GET /1.0/instances/{name}/connect'> {
  return {
    async 'GET /1.0/instances/{name}/connect'({ params, query, project, signal }) {
      const doc = findInstance(house, project, params.name);
      const guest = house.runtime.get(doc.id) ?? fail('instance.not-running', { name: doc.name });
      if (doc.phase === 'frozen') fail('instance.frozen', { name: doc.name });
      const port = wantedPort(query.port);
      const addresses = query.address ? [wantedAddress(query.address)] : usualAddresses(guest);
      try {
        const inside = await house.proxies.connect(guest, { addresses, port }, signal);
        return (connection) => joinStreams(connection, inside);
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        const reason = reasons[error.errno ?? ''] ?? error.message;
        return fail('instance.port', { port, name: doc.name, reason }, error);
      }
    },
  };
}

function wantedPort(text: string | undefined): number {
  const port = Number(/^\d{1,5}$/.test(text ?? '') ? text : Number.NaN);
  return port >= 1 && port <= 65_535
    ? port
    : fail('request.invalid', { reason: 'the query parameter port has to be a number from 1 to 65535' });
}

function wantedAddress(text: string): string {
  const ip = parseIp(text);
  return ip ? formatIp(ip) : fail('request.invalid', { reason: `"${text}" is not an IP address` });
}

/** Where a program may listen that is meant to be reached. */
const usualAddresses = ({ nics }: RunningGuest): string[] => [
  ...['127.0.0.1', '::1'],
  ...nics.flatMap(({ ipv4, ipv6 }) => [ipv4?.address, ipv6?.address].filter((address) => address !== undefined)),
];
