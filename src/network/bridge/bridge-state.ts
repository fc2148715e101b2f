/** What the kernel says of a bridge beside its addresses: the identity, spanning tree, VLANs, who is plugged in. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BridgeState } from '../../core/ports/network.ts';

/** Undefined when the bridge has gone meanwhile, or sysfs shows another network namespace. */
export function bridgeState(name: string): BridgeState | undefined {
  const directory = join('/sys/class/net', name);
  const read = (file: string) => readFileSync(join(directory, 'bridge', file), 'utf8').trim();
  // Kernels without CONFIG_BRIDGE_VLAN_FILTERING have no such files.
  const hasVlans = existsSync(join(directory, 'bridge/default_pvid'));
  try {
    return {
      id: read('bridge_id'),
      stp: read('stp_state') !== '0',
      forwardDelay: Number(read('forward_delay')),
      vlanDefault: hasVlans ? Number(read('default_pvid')) : 0,
      vlanFiltering: hasVlans && read('vlan_filtering') === '1',
      upperDevices: readdirSync(join(directory, 'brif')),
    };
  } catch {
    return undefined;
  }
}
