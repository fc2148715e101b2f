/** The proxies of a guest that runs, as the port wants them. */
import type { House } from '../house.ts';
import type { DevicesMap, InstanceDoc } from '../model.ts';
import type { NicSpec } from '../ports/network.ts';
import type { ProxySpec } from '../ports/proxies.ts';
import { deviceForwards } from './devices.ts';
import { rangeOf } from './ids.ts';

type Guest = { doc: InstanceDoc; devices: DevicesMap; pid: number; nics: readonly NicSpec[] };

export function proxySpecs(house: Pick<House, 'devices' | 'facts'>, { doc, devices, pid, nics }: Guest): ProxySpec[] {
  return deviceForwards(house, devices).map(({ device, forward: { translated, ...forward } }) => ({
    guest: doc.id,
    device,
    pid,
    range: rangeOf(house, doc),
    ...forward,
    ...(translated ? { nat: ownAddresses(nics) } : {}),
  }));
}

/** Those of its first card in a managed network. */
function ownAddresses(nics: readonly NicSpec[]): NonNullable<ProxySpec['nat']> {
  const ipv4 = nics.find((nic) => nic.ipv4)?.ipv4?.address;
  const ipv6 = nics.find((nic) => nic.ipv6)?.ipv6?.address;
  return { ...(ipv4 ? { ipv4 } : {}), ...(ipv6 ? { ipv6 } : {}) };
}
