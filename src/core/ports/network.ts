/**
 * THE NETWORK PORT: managed networks and the guests' network cards.
 *
 * Vocabulary. A *network* is a managed bridge with addresses, DHCP, DNS and NAT. A *NIC* connects one guest to one network.
 * Addresses are assigned by the core (they are in the spec), handed out by the DHCP server and enforced by the filter.
 *
 * Life of a NIC: admit (filter, DHCP and DNS know it) -> attach (link made in the guest's network namespace) -> detach.
 *
 * Laws (test/contract/network.suite.ts):
 * - `ensure` may be called at any time and brings the host to what the spec says, without breaking NICs that are attached.
 * - `remove` and `detach` of something absent succeed. Nothing that does not carry our mark is ever touched.
 * - A NIC can send with its own MAC and addresses only, from its first packet on: `admit` has to be done before `attach`.
 * - Everything survives the daemon; a new daemon's `ensure` finds and keeps it.
 */
import type { PortRange } from '../../lib/port-list.ts';

export type NetworkSpec = {
  name: string;
  /** Link name on the host, at most 15 characters. */
  link: string;
  mtu: number;
  ipv4?: { address: string; prefix: number; nat: boolean; dhcp: boolean; dhcpRange?: { from: string; to: string } };
  ipv6?: { address: string; prefix: number; nat: boolean; dhcp: boolean };
  /** Domain of the guests' DNS names. */
  domain: string;
  /** Servers that unknown names are asked from; empty: the host's. */
  nameservers: string[];
  /** Extra lines for dnsmasq (`raw.dnsmasq`). */
  rawDnsmasq: string;
  forwards?: ForwardSpec[];
  /** Absent: no access list; guests are protected by what NAT keeps away. */
  acl?: AclSpec;
};

/** What comes to the address `listen` goes to a guest: by its port, and all the rest to `target`. */
export type ForwardSpec = {
  listen: string;
  target?: string;
  ports: { protocol: 'tcp' | 'udp'; listenPorts: PortRange[]; target: string; targetPorts: PortRange[] }[];
};

/** Access lists of a network, joined. Forbidding rules win; what no rule names is decided by `otherwise`. */
export type AclSpec = {
  ingress: AclRule[];
  egress: AclRule[];
  otherwise: Record<'ingress' | 'egress', { action: AclRule['action']; logged: boolean }>;
};
export type AclRule = {
  action: 'allow' | 'drop' | 'reject';
  /** Addresses, subnets (`10.0.0.0/8`) and ranges (`10.0.0.1-10.0.0.9`); empty: any. */
  sources: string[];
  destinations: string[];
  protocol: '' | 'tcp' | 'udp' | 'icmp4' | 'icmp6';
  sourcePorts: PortRange[];
  destinationPorts: PortRange[];
  icmpType?: number;
  icmpCode?: number;
  logged: boolean;
};

/**
 * How a card is connected. `bridged`: to a managed network. `p2p`: a pair whose other end stays on the host. `macvlan`: a
 * card of its own on the link of a parent. `routed`: a pair, with routes of the host for the guest's addresses, which answers
 * for them on the link of the parent. `physical`: a link of the host itself, given back when the card is detached.
 */
export type NicKind = 'bridged' | 'p2p' | 'macvlan' | 'routed' | 'physical';

export type NicSpec = {
  /** @default bridged */
  kind?: NicKind;
  /** Stable guest id, and the NIC's name inside (`eth0`). */
  guest: string;
  name: string;
  hostname: string;
  /** The managed network; empty for other kinds than `bridged`. */
  network: string;
  /** The bridge, or the parent; empty where there is none. */
  link: string;
  /** Host side link name, unique per attachment, at most 15 characters. */
  hostName: string;
  /** The host side link has this name because somebody wants it so. */
  fixedHostName?: boolean;
  hwaddr: string;
  mtu: number;
  /** What is behind it gives itself its addresses: the card in the namespace only leads to a virtual machine. */
  isPassage?: boolean;
  ipv4?: { address: string; prefix: number; gateway: string };
  ipv6?: { address: string; prefix: number; gateway: string };
  /** Of a routed card: all that it has. */
  addresses?: string[];
  limits: { ingressBits?: number; egressBits?: number };
  /** Filters are on by default; off only by explicit config. */
  filters: { mac: boolean; ipv4: boolean; ipv6: boolean };
};

/** `half`: it was admitted, and perhaps never attached. */
export type FoundNic = { hostName: string; guest: string; name: string; spec?: NicSpec; half?: boolean };

export type Lease = { hostname: string; hwaddr: string; address: string; type: 'static' | 'dynamic' | 'gateway' };

export type LinkState = {
  name: string;
  hwaddr: string;
  mtu: number;
  up: boolean;
  type: 'bridge' | 'physical' | 'loopback' | 'other';
  addresses: { family: 'inet' | 'inet6'; address: string; prefix: number; scope: 'global' | 'link' | 'local' }[];
  counters: { bytesReceived: number; bytesSent: number; packetsReceived: number; packetsSent: number };
  /** Only of bridges. */
  bridge?: BridgeState;
};

export type BridgeState = {
  id: string;
  stp: boolean;
  /** Hundredths of a second, as the kernel counts them. */
  forwardDelay: number;
  vlanDefault: number;
  vlanFiltering: boolean;
  upperDevices: string[];
};

export interface Networks {
  unusable(): Promise<string | undefined>;
  /**
   * A private IPv4 /24 and an IPv6 /64 (`10.1.2.0/24`) that nothing on this host uses: addresses, routes and `taken`,
   * which are addresses or prefixes.
   */
  freeSubnets(taken: readonly string[]): Promise<{ ipv4: string; ipv6: string }>;
  ensure(spec: NetworkSpec): Promise<void>;
  remove(spec: Pick<NetworkSpec, 'name' | 'link'>): Promise<void>;
  /** Networks of ours that the host has now, for repair. */
  observe(): Promise<{ networks: { name: string; link: string }[]; nics: FoundNic[] }>;

  admit(nic: NicSpec): Promise<void>;
  /** Makes the pair, moves the inner end into the network namespace of `pid`, sets addresses and routes, brings both up. */
  attach(nic: NicSpec, pid: number): Promise<void>;
  /**
   * Forgets the NIC: link (if it still is there), filter, DHCP entry. `keepLease` keeps the reservation and the DNS name
   * (guest is stopped). Does not wait for the kernel unless `wait` says so: link and filter go together a moment later, in this order.
   */
  detach(
    nic: Pick<NicSpec, 'guest' | 'name' | 'network' | 'hostName'>,
    /** `pid`: the guest runs on, and the card goes from it. */
    options?: { keepLease?: boolean; wait?: boolean; pid?: number },
  ): Promise<void>;
  leases(network: string): Promise<Lease[]>;
  links(): Promise<LinkState[]>;
}
