/** One managed network in this daemon's memory: its spec, its dnsmasq and the reservations of its guests. */
import type { Lease, NetworkSpec, NicSpec } from '../../core/ports/network.ts';
import { dnsmasqConfig } from '../dnsmasq/config.ts';
import { createDnsmasq, type Dnsmasq, dnsmasqUser } from '../dnsmasq/dnsmasq.ts';
import { openReservations, type Reservation, type Reservations } from '../dnsmasq/reservations.ts';
import type { NetworkFiles } from './network-files.ts';

export type ManagedNetwork = { spec: NetworkSpec; reservations: Reservations; dnsmasq: Dnsmasq; config: string };

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
    config: dnsmasqConfig(spec, paths, dnsmasqUser()),
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
