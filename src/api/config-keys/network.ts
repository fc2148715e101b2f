/** Config keys of managed bridges. */
import type { KeyTable } from './key.ts';

export const networkKeys: KeyTable = [
  {
    key: 'ipv4.address',
    type: 'string',
    doc: 'Address of the bridge with its prefix length (10.9.8.1/24), auto for a free private subnet, or none.',
    default: 'auto',
  },
  {
    key: 'ipv4.nat',
    type: 'bool',
    doc: 'Let guests reach the outside under the address of the host.',
    default: 'true',
  },
  { key: 'ipv4.dhcp', type: 'bool', doc: 'Hand out addresses by DHCP.', default: 'true' },
  {
    key: 'ipv6.address',
    type: 'string',
    doc: 'Address of the bridge with its prefix length, auto for a random private /64, or none.',
    default: 'auto',
  },
  {
    key: 'ipv6.nat',
    type: 'bool',
    doc: 'Let guests reach the outside under the address of the host.',
    default: 'true',
  },
  { key: 'ipv6.dhcp', type: 'bool', doc: 'Announce the subnet and answer DHCPv6.', default: 'true' },
  {
    key: 'bridge.mtu',
    type: 'integer',
    doc: 'MTU of the bridge and of its guests.',
    default: '1500',
    min: 1280,
    max: 65_535,
  },
  { key: 'dns.domain', type: 'string', doc: 'Domain of the guests’ names.', default: 'gast' },
  {
    key: 'dns.nameservers',
    type: 'list',
    doc: 'Servers asked for all other names, separated by commas. Unset: those of the host.',
  },
  {
    key: 'security.acls',
    type: 'list',
    doc: 'Access lists for what comes to the guests and goes from them, separated by commas. Between guests of the network no list is asked.',
  },
  ...(['ingress', 'egress'] as const).flatMap(
    (direction): KeyTable => [
      {
        key: `security.acls.default.${direction}.action`,
        type: 'string',
        doc: `What happens to ${direction} traffic that no rule of the access lists names.`,
        default: 'reject',
        values: ['allow', 'drop', 'reject'],
      },
      {
        key: `security.acls.default.${direction}.logged`,
        type: 'bool',
        doc: `Write ${direction} traffic that no rule names to the log of the kernel.`,
        default: 'false',
      },
    ],
  ),
  { key: 'raw.dnsmasq', type: 'string', doc: 'Further lines of configuration for dnsmasq.' },
  { key: 'user.*', type: 'string', doc: 'Free text for the user.' },
  { key: 'volatile.*', type: 'string', doc: 'Kept by the server.', internal: true },
];
