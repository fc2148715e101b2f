/** The network port in memory, for tests of the whole API without root. It keeps the port's laws, and no packet moves. */
import type { Lease, LinkState, NetworkSpec, Networks, NicSpec } from '../../src/core/ports/network.ts';
import { HostError } from '../../src/lib/host-error.ts';
import { formatPrefix, overlaps, type Prefix, parseIp, parsePrefix, prefixOf } from '../../src/lib/ip.ts';

type Reservation = Pick<NicSpec, 'guest' | 'name' | 'network' | 'hostname' | 'hwaddr' | 'ipv4' | 'ipv6'>;

const noCounters = { bytesReceived: 0, bytesSent: 0, packetsReceived: 0, packetsSent: 0 };
const bridgeMac = '02:00:00:00:00:01';

export function createFakeNetworks(): Networks {
  const networks = new Map<string, NetworkSpec>();
  const nics = new Map<string, NicSpec & { pid?: number }>();
  const reservations = new Map<string, Reservation>();
  const key = ({ guest, name }: Pick<NicSpec, 'guest' | 'name'>) => JSON.stringify([guest, name]);

  const running = (name: string) => {
    const network = networks.get(name);
    if (!network) throw new HostError(`network ${name} is not running on this host`);
    return network;
  };

  return {
    unusable: async () => undefined,
    async freeSubnets(taken) {
      const used = [...taken, ...[...networks.values()].flatMap(subnetsOf)].map(prefixOfText);
      return { ipv4: firstFree(used, (n) => `10.77.${n}.0/24`), ipv6: firstFree(used, (n) => `fd77:0:0:${n}::/64`) };
    },
    async ensure(spec) {
      networks.set(spec.name, structuredClone(spec));
    },
    async remove({ name }) {
      networks.delete(name);
      for (const [id, reservation] of reservations) if (reservation.network === name) reservations.delete(id);
    },
    async observe() {
      return {
        networks: [...networks.values()].map(({ name, link }) => ({ name, link })),
        nics: [...nics.values()].map(({ pid, ...spec }) => ({
          hostName: spec.hostName,
          guest: spec.guest,
          name: spec.name,
          spec,
          half: pid === undefined,
        })),
      };
    },
    async admit(nic) {
      if (nic.network) running(nic.network);
      nics.set(nic.hostName, structuredClone(nic));
      if (nic.network) reservations.set(key(nic), structuredClone(nic));
    },
    async attach(nic, pid) {
      const admitted = nics.get(nic.hostName);
      if (!admitted) throw new HostError(`NIC ${nic.name} of guest ${nic.guest} was not admitted`);
      if (nic.network) running(nic.network);
      const clash = [...nics.values()].some(
        (other) => other.pid === pid && other.name === nic.name && other !== admitted,
      );
      if (clash) throw new HostError(`the guest has a link ${nic.name} already`, { errno: 'EEXIST' });
      admitted.pid = pid;
    },
    async detach(nic, { keepLease = false } = {}) {
      nics.delete(nic.hostName);
      if (!keepLease) reservations.delete(key(nic));
    },
    async leases(name) {
      const { ipv4, ipv6 } = running(name);
      const gateways = [ipv4, ipv6].flatMap((network): Lease[] =>
        network ? [{ hostname: `${name}.gw`, hwaddr: bridgeMac, address: network.address, type: 'gateway' }] : [],
      );
      const own = [...reservations.values()].filter(({ network }) => network === name);
      return [...gateways, ...own.flatMap(leasesOf)];
    },
    async links() {
      const bridges = [...networks.values()].map((spec): LinkState => link(spec.link, 'bridge', bridgeMac, spec.mtu));
      const attached = [...nics.values()].filter(({ pid }) => pid !== undefined);
      const ports = attached.map((nic): LinkState => link(nic.hostName, 'other', nic.hwaddr, nic.mtu));
      return [link('lo', 'loopback', '00:00:00:00:00:00', 65536), ...bridges, ...ports];
    },
  };
}

function leasesOf({ hostname, hwaddr, ipv4, ipv6 }: Reservation): Lease[] {
  return [ipv4, ipv6].flatMap((ip): Lease[] => (ip ? [{ hostname, hwaddr, address: ip.address, type: 'static' }] : []));
}

function link(name: string, type: LinkState['type'], hwaddr: string, mtu: number): LinkState {
  return { name, hwaddr, mtu, up: true, type, addresses: [], counters: { ...noCounters } };
}

function subnetsOf({ ipv4, ipv6 }: NetworkSpec): string[] {
  return [ipv4, ipv6].flatMap((network) => (network ? [`${network.address}/${network.prefix}`] : []));
}

function firstFree(used: readonly Prefix[], candidate: (n: number) => string): string {
  for (let n = 0; n < 256; n++) {
    const prefix = prefixOfText(candidate(n));
    if (!used.some((other) => overlaps(other, prefix))) return formatPrefix(prefix);
  }
  throw new HostError('no private subnet is free');
}

function prefixOfText(text: string): Prefix {
  const ip = parseIp(text);
  const prefix = parsePrefix(text) ?? (ip && prefixOf(ip, ip.family === 'inet' ? 32 : 128));
  if (!prefix) throw new HostError(`neither an address nor a prefix: ${text}`);
  return prefix;
}
