/**
 * THE PROXIES PORT: connections that are carried between the host and a guest (`proxy` devices, callers of the API).
 *
 * Laws:
 * - A proxy carries as soon as `start` has resolved, and nothing of it is left when `stop` has.
 * - Proxies outlive the daemon, with the connections that they carry. `list` of the next daemon tells what runs.
 * - What a slow peer does not take is not read: memory is bounded, whatever the peers do.
 * - The guest cannot bend a path of its own to a socket of the host.
 */
import type { Duplex } from 'node:stream';
import type { ProxyAddress } from '../../lib/proxy-address.ts';
import type { IdRange } from './id-range.ts';

/** In place of a process: the network in which the daemon is, which is not that of the host. */
export const ownNetwork = 0;

export type ProxySpec = {
  /** Stable guest id and name of the device. */
  guest: string;
  device: string;
  /** Init of the guest; `ownNetwork` for what belongs to no guest. */
  pid: number;
  range: IdRange;
  /** Which side listens; the other one is connected to. */
  side: 'host' | 'guest';
  listen: ProxyAddress;
  connect: ProxyAddress;
  /** The other end is told whom the connection is from, by version 1 of the PROXY protocol. */
  proxyProtocol: boolean;
  /** Owner (inside, when the guest's side listens) and permissions of a listening Unix socket. */
  socket: { uid: number; gid: number; mode: number };
  /** Who connects to a Unix socket. */
  connectAs?: { uid: number; gid: number };
  /** By address translation instead of a process: the guest's own addresses. */
  nat?: { ipv4?: string; ipv6?: string };
};

export interface Proxies {
  start(spec: ProxySpec): Promise<void>;
  stop(proxy: Pick<ProxySpec, 'guest' | 'device'>): Promise<void>;
  list(): Promise<ProxySpec[]>;
  /**
   * A connection to a TCP port of a guest, made by this process in the guest's own network: by the first of the addresses where
   * somebody answers. Rejects with the errno of the first address.
   */
  connect(
    guest: { pid: number },
    to: { addresses: readonly string[]; port: number },
    signal?: AbortSignal,
  ): Promise<Duplex>;
}
