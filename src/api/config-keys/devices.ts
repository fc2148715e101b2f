/** Keys of the device types. */
import type { KeyTable } from './key.ts';

export const deviceKeys = {
  nic: [
    { key: 'network', type: 'string', doc: 'Managed network that the card is connected to.' },
    {
      key: 'nictype',
      type: 'string',
      doc: 'Kind of card when no network is named; bridged is the one there is.',
      values: ['bridged'],
    },
    { key: 'parent', type: 'string', doc: 'Managed bridge, for cards with a nictype.' },
    { key: 'name', type: 'string', doc: 'Name inside the guest.', default: 'the name of the device' },
    { key: 'hwaddr', type: 'mac', doc: 'MAC address.', default: 'random, then stable' },
    { key: 'mtu', type: 'integer', doc: 'MTU inside.', default: 'that of the network', min: 576, max: 65_535 },
    { key: 'ipv4.address', type: 'address', doc: 'Fixed IPv4 address in the subnet of the network.' },
    { key: 'ipv6.address', type: 'address', doc: 'Fixed IPv6 address in the subnet of the network.' },
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
    { key: 'pool', type: 'string', doc: 'Storage pool of the root file system.' },
    { key: 'source', type: 'string', doc: 'File or directory of the host.' },
    { key: 'readonly', type: 'bool', doc: 'The guest cannot write.', default: 'false' },
    { key: 'required', type: 'bool', doc: 'A missing source stops the start.', default: 'true' },
    { key: 'shift', type: 'bool', doc: 'Show the files under the ids of the guest.', default: 'false' },
  ],
  none: [],
} as const satisfies Record<string, KeyTable>;

export type DeviceKind = keyof typeof deviceKeys;
