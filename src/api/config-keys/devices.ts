/** Keys of the device types. */
import type { KeyTable } from './key.ts';

function unixDevice(kind: string): KeyTable {
  return [
    { key: 'source', type: 'string', doc: `Path of the ${kind} device on the host.` },
    { key: 'path', type: 'string', doc: 'Where the guest sees it.', default: 'the source' },
    { key: 'major', type: 'integer', doc: 'Major number, in place of that of the source.', min: 0, max: 4095 },
    { key: 'minor', type: 'integer', doc: 'Minor number, in place of that of the source.', min: 0, max: 1_048_575 },
    { key: 'uid', type: 'integer', doc: 'User id inside.', default: '0', min: 0, max: 65_535 },
    { key: 'gid', type: 'integer', doc: 'Group id inside.', default: '0', min: 0, max: 65_535 },
    { key: 'mode', type: 'string', doc: 'Permissions inside.', default: '0660' },
    { key: 'required', type: 'bool', doc: 'A missing source stops the start.', default: 'true' },
  ];
}

/** Which keys of a network card each kind takes; those of all kinds are named first. */
export const nicKindKeys = {
  bridged:
    'security.mac_filtering security.ipv4_filtering security.ipv6_filtering host_name network parent ipv4.address ipv6.address limits.ingress limits.egress limits.max',
  macvlan: 'parent',
  p2p: 'host_name limits.ingress limits.egress limits.max',
  physical: 'parent',
  routed: 'parent host_name ipv4.address ipv6.address limits.ingress limits.egress limits.max',
} as const;
export const nicCommonKeys = 'nictype name hwaddr mtu boot.priority';

export const deviceKeys = {
  nic: [
    { key: 'network', type: 'string', doc: 'Managed network that the card is connected to.' },
    {
      key: 'nictype',
      type: 'string',
      doc: 'Kind of card when no network is named.',
      values: ['bridged', 'macvlan', 'p2p', 'physical', 'routed'],
    },
    {
      key: 'parent',
      type: 'string',
      doc: 'Managed bridge, or the link of the host that the card uses (macvlan, physical, routed).',
    },
    { key: 'name', type: 'string', doc: 'Name inside the guest.', default: 'the name of the device' },
    { key: 'hwaddr', type: 'mac', doc: 'MAC address.', default: 'random, then stable' },
    { key: 'mtu', type: 'integer', doc: 'MTU inside.', default: 'that of the network', min: 576, max: 65_535 },
    {
      key: 'ipv4.address',
      type: 'list',
      doc: 'Fixed IPv4 address in the subnet of the network; for routed cards one or more, with commas.',
    },
    {
      key: 'ipv6.address',
      type: 'list',
      doc: 'Fixed IPv6 address in the subnet of the network; for routed cards one or more, with commas.',
    },
    { key: 'host_name', type: 'string', doc: 'Name of the link on the host.', default: 'random' },
    { key: 'limits.ingress', type: 'string', doc: 'Most that the guest may receive, like 10Mbit.' },
    { key: 'limits.egress', type: 'string', doc: 'Most that the guest may send, like 10Mbit.' },
    { key: 'limits.max', type: 'string', doc: 'Both limits at once.' },
    {
      key: 'boot.priority',
      type: 'integer',
      doc: 'For virtual machines: what has more is started from first; the root disk has 1.',
      min: 0,
    },
    {
      key: 'security.mac_filtering',
      type: 'bool',
      doc: 'Frames leave only with the MAC of the card.',
      default: 'true',
    },
    {
      key: 'security.ipv4_filtering',
      type: 'bool',
      doc: 'Packets leave only with the IPv4 address of the card.',
      default: 'true',
    },
    {
      key: 'security.ipv6_filtering',
      type: 'bool',
      doc: 'Packets leave only with the IPv6 addresses of the card.',
      default: 'true',
    },
  ],
  disk: [
    { key: 'path', type: 'string', doc: 'Where the guest sees it; / is the root file system.' },
    { key: 'pool', type: 'string', doc: 'Storage pool of the root file system, or of the volume that source names.' },
    {
      key: 'source',
      type: 'string',
      doc: 'With a pool: a volume, or a path in it (volume/path). Else a file or directory of the host; tmpfs: is an empty file system in memory.',
    },
    { key: 'readonly', type: 'bool', doc: 'The guest cannot write.', default: 'false' },
    { key: 'required', type: 'bool', doc: 'A missing source stops the start.', default: 'true' },
    {
      key: 'boot.priority',
      type: 'integer',
      doc: 'For virtual machines: what has more is started from first; the root disk has 1.',
      min: 0,
    },
    {
      key: 'io.bus',
      type: 'string',
      doc: 'For disks of virtual machines: how the guest sees it.',
      default: 'virtio-blk; virtio-scsi for CDs',
      values: ['virtio-blk', 'virtio-scsi', 'nvme', 'usb'],
    },
    { key: 'shift', type: 'bool', doc: 'Show the files under the ids of the guest.', default: 'false' },
    { key: 'recursive', type: 'bool', doc: 'What is mounted below the source is shown as well.', default: 'false' },
    {
      key: 'propagation',
      type: 'string',
      doc: 'Whether mounts that come later are shared between guest and host: they are not.',
      default: 'private',
      values: ['private', 'rprivate'],
    },
    {
      key: 'raw.mount.options',
      type: 'string',
      doc: 'Options of the mount: ro, rw, nosuid, nodev, noexec; for memory also size and mode.',
    },
    {
      key: 'size',
      type: 'bytes',
      doc: 'Of memory: its size. Of the root disk of a virtual machine: its size, which may grow. Of that of a container: kept, and counted by limits of projects, but not enforced.',
    },
    { key: 'initial.*', type: 'string', doc: 'Config that the root volume begins with; kept.' },
  ],
  'unix-char': unixDevice('character'),
  'unix-block': unixDevice('block'),
  gpu: [
    { key: 'gputype', type: 'string', doc: 'Kind of card.', default: 'physical', values: ['physical'] },
    { key: 'id', type: 'string', doc: 'DRM number of the card: 0 for card0.' },
    { key: 'pci', type: 'string', doc: 'PCI address of the card, like 0000:00:02.0.' },
    { key: 'vendorid', type: 'string', doc: 'PCI id of the vendor, four hexadecimal digits.' },
    { key: 'productid', type: 'string', doc: 'PCI id of the product, four hexadecimal digits.' },
    { key: 'uid', type: 'integer', doc: 'User id of the nodes inside.', default: '0', min: 0, max: 65_535 },
    { key: 'gid', type: 'integer', doc: 'Group id of the nodes inside.', default: '0', min: 0, max: 65_535 },
    { key: 'mode', type: 'string', doc: 'Permissions of the nodes inside.', default: '0660' },
  ],
  usb: [
    { key: 'vendorid', type: 'string', doc: 'USB id of the vendor, four hexadecimal digits.' },
    { key: 'productid', type: 'string', doc: 'USB id of the product, four hexadecimal digits.' },
    { key: 'serial', type: 'string', doc: 'Serial number of the device.' },
    { key: 'busnum', type: 'integer', doc: 'Number of the bus that it is on.', min: 1 },
    { key: 'devnum', type: 'integer', doc: 'Number that it has on its bus.', min: 1 },
    { key: 'required', type: 'bool', doc: 'A missing device stops the start.', default: 'false' },
    { key: 'uid', type: 'integer', doc: 'User id of the node in a container.', default: '0', min: 0, max: 65_535 },
    { key: 'gid', type: 'integer', doc: 'Group id of the node in a container.', default: '0', min: 0, max: 65_535 },
    { key: 'mode', type: 'string', doc: 'Permissions of the node in a container.', default: '0660' },
  ],
  pci: [{ key: 'address', type: 'string', doc: 'PCI address of the device, like 0000:00:02.0.' }],
  proxy: [
    {
      key: 'listen',
      type: 'string',
      doc: 'Where to listen: TYPE:ADDRESS:PORT[-PORT][,PORT] or unix:PATH (@ for an abstract one).',
    },
    { key: 'connect', type: 'string', doc: 'Where to connect to, in the same form.' },
    {
      key: 'bind',
      type: 'string',
      doc: 'Which side listens; host and guest are other words for host and instance.',
      default: 'host',
      values: ['host', 'instance', 'guest', 'container'],
    },
    {
      key: 'nat',
      type: 'bool',
      doc: 'Forward by address translation in the kernel, without a process.',
      default: 'false',
    },
    {
      key: 'proxy_protocol',
      type: 'bool',
      doc: 'Tell the address of the client by the HAProxy PROXY protocol.',
      default: 'false',
    },
    { key: 'uid', type: 'integer', doc: 'Owner of a listening Unix socket.', default: '0', min: 0, max: 65_535 },
    { key: 'gid', type: 'integer', doc: 'Group of a listening Unix socket.', default: '0', min: 0, max: 65_535 },
    { key: 'mode', type: 'string', doc: 'Permissions of a listening Unix socket.', default: '0644' },
    {
      key: 'security.uid',
      type: 'integer',
      doc: 'User id that the proxy connects as.',
      default: '0',
      min: 0,
      max: 65_535,
    },
    {
      key: 'security.gid',
      type: 'integer',
      doc: 'Group id that the proxy connects as.',
      default: '0',
      min: 0,
      max: 65_535,
    },
  ],
  tpm: [
    { key: 'path', type: 'string', doc: 'For containers of Incus; refused here.' },
    { key: 'pathrm', type: 'string', doc: 'For containers of Incus; refused here.' },
  ],
  none: [],
} as const satisfies Record<string, KeyTable>;

export type DeviceKind = keyof typeof deviceKeys;
