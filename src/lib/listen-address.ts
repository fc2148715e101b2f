/** Addresses to listen on, as Incus takes them: `:8443`, `[::]:8443`, `10.0.0.1`, `::1`, `name:8443`. Pure. */
import { formatIp, parseIp } from './ip.ts';

export type ListenAddress = {
  /** Empty: all addresses of the host. */
  host: string;
  port: number;
};

export const defaultHttpsPort = 8443;

const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*$/i;

/** Undefined for what is no such address. */
export function parseListenAddress(text: string, defaultPort = defaultHttpsPort): ListenAddress | undefined {
  const { host, port } = split(text);
  if (port !== undefined && !/^[1-9]\d{0,4}$/.test(port)) return undefined;
  const number = port === undefined ? defaultPort : Number(port);
  if (number > 65_535) return undefined;
  if (host === '') return port === undefined ? undefined : { host, port: number };
  const ip = parseIp(host);
  if (ip) return { host: formatIp(ip), port: number };
  // Four groups of digits that are no address are a slip, not a name.
  return hostName.test(host) && !/^[\d.]+$/.test(host) ? { host, port: number } : undefined;
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function split(text: string): { host: string; port?: string } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) {
    const [, host = '', port] = bracketed;
    // Brackets are for IPv6 alone.
    return { host: host.includes(':') ? host : '!', ...(port === undefined ? {} : { port }) };
  }
  const colons = text.split(':').length - 1;
  if (colons !== 1) return { host: text };
  const [host = '', port = ''] = text.split(':');
  return { host, port };
}

/**
 * Where clients reach a server that listens there: all of the host's addresses when it listens on all of them.
 * `hostAddresses` are those that make sense to others.
 */
export function reachableAddresses(address: ListenAddress, hostAddresses: readonly string[]): string[] {
  const { host, port } = address;
  if (host !== '' && host !== '0.0.0.0' && host !== '::') return [formatListenAddress(address)];
  return hostAddresses
    .filter((one) => host !== '0.0.0.0' || !one.includes(':'))
    .map((one) => formatListenAddress({ host: one, port }));
}
