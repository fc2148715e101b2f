/**
 * The network port on Linux bridges: rtnetlink for links, nftables for filter and NAT, dnsmasq for DHCP and DNS.
 * This file only joins these parts; all of them outlive it, and a new daemon takes them over.
 */
import { existsSync } from 'node:fs';
import type { ForwardSpec, FoundNic, NetworkSpec, Networks, NicSpec } from '../../core/ports/network.ts';
import { createFirewall } from '../../firewall/firewall.ts';
import type { GuestPort } from '../../firewall/guest-filter.ts';
import { networksInUse } from '../../host/host-addresses.ts';
import { changeLink, deleteLink } from '../../host/link-changes.ts';
import { findLink, listLinks } from '../../host/links.ts';
import { openNetlink } from '../../host/netlink.ts';
import { HostError } from '../../lib/host-error.ts';
import { createKeyedQueue } from '../../lib/keyed-queue.ts';
import { ensureBridge } from './bridge-link.ts';
import { chooseFreeSubnets, usedPrefix } from './free-subnets.ts';
import { attachLink } from './guest-link.ts';
import { hostLinks } from './host-links.ts';
import { createLentLinks } from './lent-links.ts';
import { dropReleased, leasesOf, type ManagedNetwork, manageNetwork, reserve, unreserve } from './managed-network.ts';
import { markText, parseMark } from './mark.ts';
import { type KnownNic, openNetworkFiles } from './network-files.ts';
import { attachOther, deleteInside, withdraw } from './other-cards.ts';
import { limitRates } from './rate-limits.ts';
import { createRemovals } from './removals.ts';
import { checkNetworkName, checkNetworkSpec, checkNicSpec } from './spec-check.ts';
import { whatIsMissing } from './usable.ts';

export type BridgeNetworksOptions = {
  /** Every folder above it has to be passable for others (o+x), because dnsmasq does not run as root. */
  stateDirectory: string;
  /** A few hexadecimal digits that keep apart the tables and marks of several daemons on one host. */
  tag: string;
  /** Hears of trouble that no caller waits for. */
  report?: (problem: string) => void;
  /** Carries forwards where their addresses are in another network than ours; the rules then serve guests alone. */
  carryForwards?: ((network: string, forwards: readonly ForwardSpec[]) => Promise<void>) | undefined;
};

export async function createBridgeNetworks(options: BridgeNetworksOptions): Promise<Networks & AsyncDisposable> {
  const { tag, stateDirectory, report = () => {}, carryForwards = async () => {} } = options;
  if (!/^[0-9a-f]{1,16}$/.test(tag)) throw new HostError(`not a tag of hexadecimal digits: ${JSON.stringify(tag)}`);
  const files = openNetworkFiles(stateDirectory);
  const firewall = createFirewall({ table: `gasthof_${tag}` });
  const networks = new Map<string, ManagedNetwork>();
  const nics = new Map(files.nics.map((nic) => [nic.hostName, nic]));
  const know = (nic: KnownNic) => {
    nics.set(nic.hostName, nic);
    return files.saveNic(nic);
  };
  const alone = createKeyedQueue();
  const hasIpv6 = existsSync('/proc/sys/net/ipv6');
  for (const spec of files.networks) networks.set(spec.name, manageNetwork(files, spec, undefined, report));
  const bridged = () =>
    [...networks.values()].map(({ spec }) => ({
      link: spec.link,
      ipv4: spec.ipv4,
      ipv6: spec.ipv6,
      forwards: spec.forwards ?? [],
      acl: spec.acl,
    }));
  const isBridged = (nic: NicSpec) => (nic.kind ?? 'bridged') === 'bridged';
  const lent = createLentLinks(tag);
  firewall.adopt(bridged(), [...nics.values()].filter(isBridged).map(portOf));
  const removals = createRemovals({
    tag,
    report,
    mayLackMark(hostName) {
      const nic = nics.get(hostName);
      return nic?.half === true && !nic.fixedHostName;
    },
    async onGone(hostNames) {
      for (const hostName of hostNames) {
        const nic = nics.get(hostName);
        if (nic?.kind === 'routed') withdraw(nic);
        if (nic?.kind === 'physical') lent.giveBack(nic);
        firewall.forget(hostName);
        nics.delete(hostName);
        await files.dropNic(hostName);
      }
      for (const network of networks.values()) await dropReleased(network);
    },
  });

  const networkOf = (name: string) => {
    const network = networks.get(name);
    if (!network) throw new HostError(`network ${name} is not running on this host`);
    return network;
  };

  const ensureNetwork = async (spec: NetworkSpec) => {
    checkNetworkSpec(spec);
    const before = networks.get(spec.name);
    const same = before && JSON.stringify(before.spec) === JSON.stringify(spec);
    // What cannot be carried is refused before anything is changed; an address that this host has lost since then is not the
    // end of the network.
    await carryForwards(spec.name, spec.forwards ?? []).catch((error: Error) => {
      if (!same) throw error;
      report(`network ${spec.name}: a forward is not carried: ${error.message}`);
    });
    connectAll(tag, spec, nics.values());
    if (!same) await files.saveNetwork(spec);
    const network = same ? before : manageNetwork(files, spec, before, report);
    networks.set(spec.name, network);
    if (!same) for (const known of network.reservations.all()) await network.reservations.put(known);
    await Promise.all([firewall.ensure(bridged()), network.dnsmasq.ensure(network.config)]);
  };

  const removeNetwork = async (spec: Pick<NetworkSpec, 'name' | 'link'>) => {
    checkNetworkName(spec.name);
    const network = networks.get(spec.name);
    networks.delete(spec.name);
    await carryForwards(spec.name, []);
    await network?.dnsmasq.stop();
    network?.dnsmasq[Symbol.dispose]();
    await deleteBridge(tag, spec);
    await removals.flush();
    await firewall.ensure(bridged());
    await files.dropNetwork(spec.name);
  };

  return {
    unusable: whatIsMissing,
    async freeSubnets(taken) {
      return chooseFreeSubnets([...networksInUse(), ...taken.map(usedPrefix)]);
    },
    ensure: (spec) => alone(spec.name, () => ensureNetwork(spec)),
    remove: (spec) => alone(spec.name, () => removeNetwork(spec)),
    async observe() {
      return observeLinks(tag, nics.values(), removals.pending);
    },
    async admit(nic) {
      checkNicSpec(nic);
      const network = isBridged(nic) ? networkOf(nic.network) : undefined;
      if (removals.pending(nic.hostName)) await removals.flush();
      // Before all else: by it the rest is found again after a crash.
      await know({ ...nic, half: true });
      if (network) await Promise.all([reserve(network, nic), firewall.admit(portOf(nic))]);
    },
    async attach(nic, pid) {
      const admitted = nics.get(nic.hostName);
      if (
        !admitted ||
        removals.pending(nic.hostName) ||
        JSON.stringify(portOf(admitted)) !== JSON.stringify(portOf(nic))
      )
        throw new HostError(
          `NIC ${nic.name} of guest ${nic.guest} was not admitted: its link would be without a filter`,
        );
      using netlink = openNetlink();
      if (isBridged(nic)) attachLink(netlink, tag, nic, pid, hasIpv6);
      else attachOther(netlink, tag, nic, pid);
      if (nic.kind === 'physical') lent.hold(nic, pid);
      await limitRates(netlink, tag, nic);
      await know(nic);
    },
    async detach(nic, { keepLease = false, wait = false, pid } = {}) {
      const known = nics.get(nic.hostName);
      if (known?.kind === 'physical' && pid !== undefined) lent.giveBack(known, pid);
      // The namespace of a running guest holds it; no other end of it is on the host.
      if (known?.kind === 'macvlan' && pid !== undefined) deleteInside(known, pid);
      removals.add(nic.hostName);
      // Whoever clears up after a crash does not know the network.
      const network = networks.get(nic.network || (nics.get(nic.hostName)?.network ?? ''));
      if (!keepLease) for (const one of network ? [network] : networks.values()) await unreserve(one, nic);
      if (wait) await removals.flush();
    },
    async leases(name) {
      const network = networkOf(name);
      using netlink = openNetlink();
      return leasesOf(network, findLink(netlink, network.spec.link)?.hwaddr ?? '');
    },
    async links() {
      return hostLinks();
    },
    async [Symbol.asyncDispose]() {
      await removals.flush();
      lent[Symbol.dispose]();
      await firewall[Symbol.asyncDispose]();
      for (const { dnsmasq } of networks.values()) dnsmasq[Symbol.dispose]();
    },
  };
}

function portOf(nic: NicSpec): GuestPort {
  const { hostName, hwaddr, ipv4, ipv6, filters } = nic;
  return { link: hostName, hwaddr, ipv4: ipv4?.address, ipv6: ipv6?.address, filters };
}

/** The bridge, and NICs that lost it: a bridge that was deleted by hand leaves its ports running and alone. */
function connectAll(tag: string, spec: NetworkSpec, nics: Iterable<NicSpec>): void {
  using netlink = openNetlink();
  const bridge = ensureBridge(netlink, tag, spec);
  const own = new Set([...nics].filter(({ network }) => network === spec.name).map(({ hostName }) => hostName));
  for (const link of listLinks(netlink)) {
    const isOurs = own.has(link.name) && parseMark(tag, link.alias)?.kind === 'nic';
    if (isOurs && link.master !== bridge.index) changeLink(netlink, link.index, { master: bridge.index });
  }
}

async function deleteBridge(tag: string, spec: Pick<NetworkSpec, 'name' | 'link'>): Promise<void> {
  using netlink = openNetlink();
  const link = findLink(netlink, spec.link);
  if (link?.alias === markText(tag, { kind: 'network', network: spec.name })) await deleteLink(link);
}

/** NICs are those that were admitted and those whose link carries our mark: either may be left after a crash. */
function observeLinks(tag: string, admitted: Iterable<KnownNic>, gone: (hostName: string) => boolean) {
  using netlink = openNetlink();
  const networks: { name: string; link: string }[] = [];
  const nics = new Map<string, FoundNic>(
    [...admitted].map(({ half = false, ...spec }) => {
      const { hostName, guest, name } = spec;
      return [hostName, { hostName, guest, name, spec, half }];
    }),
  );
  for (const link of listLinks(netlink)) {
    const mark = parseMark(tag, link.alias);
    if (mark?.kind === 'network') networks.push({ name: mark.network, link: link.name });
    if (mark?.kind === 'nic' && !nics.has(link.name))
      nics.set(link.name, { hostName: link.name, guest: mark.guest, name: mark.nic });
  }
  return { networks, nics: [...nics.values()].filter(({ hostName }) => !gone(hostName)) };
}
