/** `nic`: a network card on a managed bridge. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import type { DeviceType } from '../core/ports/devices.ts';

export const nic: DeviceType = {
  name: 'nic',
  keys: deviceKeys.nic,
  invalid(config) {
    if (!config.network && !config.parent) return 'it needs the key network, the name of a managed network';
    if (config.network && config.parent) return 'network and parent exclude each other';
    const name = config.name;
    if (name !== undefined && !/^[A-Za-z0-9_.-]{1,15}$/.test(name))
      return `"${name}" is not a name of a network card (1 to 15 letters, digits, _ . -)`;
    if (name === '.' || name === '..' || name === 'lo') return `"${name}" cannot be the name of a network card`;
    return undefined;
  },
  network: (config) => config.network ?? config.parent,
};
