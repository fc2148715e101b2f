/** One managed network in this daemon's memory: its spec, its dnsmasq and the reservations of its guests. */
import type { Lease, NetworkSpec, NicSpec } from '../../core/ports/network.ts';
import { dnsmasqConfig } from '../dnsmasq/config.ts';
import { createDnsmasq, type Dnsmasq, dnsmasqUser } from '../dnsmasq/dnsmasq.ts';
import { openReservations, type Reservation, type Reservations } from '../dnsmasq/reservations.ts';
import type { NetworkFiles } from './network-files.ts';

export type ManagedNetwork = {
  spec: NetworkSpec;
  reservations: Reservations;
  dnsmasq: Dnsmasq;
  /** Undefined for a network without addresses: dnsmasq refuses a link that has none. */
  config: string | undefined;
  /** Addresses whose reservation was removed, but perhaps not yet their lease. */
  released: Set<string>;
};

/** `before` is the same network with an older spec: its process goes on in the new one's hands. */
export function manageNetwork(
  files: NetworkFiles,
  spec: NetworkSpec,
  before: ManagedNetwork | undefined,
  report: (problem: string) => void,
): ManagedNetwork {
  const paths = files.dnsmasqPaths(spec.name);
  return {
    spec,
    reservations: before?.spec.domain === spec.domain ? before.reservations : openReservations(paths, spec.domain),
    dnsmasq: before?.dnsmasq ?? createDnsmasq({ network: spec.name, paths, report }),
    config: spec.ipv4 || spec.ipv6 ? dnsmasqConfig(spec, paths, dnsmasqUser()) : undefined,
    released: before?.released ?? new Set(),
  };
}

/** Lets DHCP and DNS know the guest, and frees its addresses from leases of earlier owners. */
export async function reserve(network: ManagedNetwork, nic: NicSpec): Promise<void> {
  const wanted = reservationOf(nic);
  const unchanged = await network.reservations.put(wanted);
  if (unchanged) return network.dnsmasq.revive();
  const own = new Set([wanted.ipv4, wanted.ipv6]);
  const stale = (await network.dnsmasq.leases()).filter((lease) => own.has(lease.address) && !isOf(lease, wanted));
  if (stale.length > 0) await network.dnsmasq.dropLeases(stale.map(({ address }) => address));
  else await network.dnsmasq.revive();
}

/** Takes the guest's names and addresses from DHCP and DNS; its leases go with the next `dropReleased`. */
export async function unreserve(network: ManagedNetwork, nic: Pick<NicSpec, 'guest' | 'name'>): Promise<void> {
  const before = await network.reservations.remove(nic);
  for (const address of [before?.ipv4, before?.ipv6]) if (address) network.released.add(address);
}

/** A lease outlives its reservation, and with it the DNS name: dnsmasq forgets both only in a restart (20 ms). */
export async function dropReleased(network: ManagedNetwork): Promise<void> {
  const addresses = new Set(network.released);
  network.released.clear();
  if (addresses.size === 0) return;
  for (const { ipv4, ipv6 } of network.reservations.all())
    for (const address of [ipv4, ipv6]) if (address) addresses.delete(address);
  const leased = (await network.dnsmasq.leases()).filter(({ address }) => addresses.has(address));
  if (leased.length > 0) await network.dnsmasq.dropLeases(leased.map(({ address }) => address));
  // A guest that never asked for its address has no lease, and still a reservation that keeps it from the next one.
  else if (addresses.size > 0) network.dnsmasq.reload();
}

/** IPv6 leases carry no MAC: a lease from before this reservation is another guest's. */
function isOf(lease: { hwaddr: string | undefined }, wanted: Reservation): boolean {
  return lease.hwaddr?.toLowerCase() === wanted.hwaddr.toLowerCase();
}

function reservationOf(nic: NicSpec): Reservation {
  const { guest, name, hostname, hwaddr } = nic;
  return { guest, name, hostname, hwaddr, ipv4: nic.ipv4?.address, ipv6: nic.ipv6?.address };
}

export async function leasesOf({ spec, reservations, dnsmasq }: ManagedNetwork, bridgeMac: string): Promise<Lease[]> {
  const gateways = [spec.ipv4, spec.ipv6].flatMap((network): Lease[] =>
    network ? [{ hostname: `${spec.name}.gw`, hwaddr: bridgeMac, address: network.address, type: 'gateway' }] : [],
  );
  const reserved = reservations
    .all()
    .flatMap(({ hostname, hwaddr, ipv4, ipv6 }) =>
      [ipv4, ipv6].flatMap((address): Lease[] => (address ? [{ hostname, hwaddr, address, type: 'static' }] : [])),
    );
  const known = new Set(reserved.map(({ address }) => address));
  const dynamic = (await dnsmasq.leases())
    .filter(({ address }) => !known.has(address))
    .map(
      (lease): Lease => ({
        hostname: lease.hostname ?? '',
        hwaddr: lease.hwaddr ?? '',
        address: lease.address,
        type: 'dynamic',
      }),
    );
  return [...gateways, ...reserved, ...dynamic];
}
