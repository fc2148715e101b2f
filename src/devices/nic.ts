/** `nic`: a network card on a managed bridge. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import type { DeviceType } from '../core/ports/devices.ts';
import { parseIp } from '../lib/ip.ts';

export const nic: DeviceType = {
  name: 'nic',
  keys: deviceKeys.nic,
  invalid(config, device) {
    if (!config.network && !config.parent) return 'it needs the key network, the name of a managed network';
    if (config.network && config.parent) return 'network and parent exclude each other';
    const name = config.name ?? device;
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name))
      return `"${name}" is not a name of a network card (1 to 15 letters, digits, _ . -); the key name gives another`;
    if (name === 'lo') return '"lo" cannot be the name of a network card';
    for (const [key, family] of [
      ['ipv4.address', 'inet'],
      ['ipv6.address', 'inet6'],
    ] as const) {
      const address = config[key];
      if (address && address !== 'none' && parseIp(address)?.family !== family)
        return `${key}: "${address}" is an address of the other family`;
    }
    return undefined;
  },
  network: (config) => config.network ?? config.parent,
};
