/** What stands in the way of giving a device of the host's PCI bus to a machine, as /sys shows it. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

export type PciFacts = {
  exists: boolean;
  /** Number of its IOMMU group; absent where the host has no IOMMU, or it is off. */
  group?: string;
  /** Driver that holds it. */
  driver?: string;
  /** What else is in the group, with its driver: all of it goes together. */
  others: { address: string; driver?: string }[];
};

export function readPciFacts(address: string, sys = '/sys'): PciFacts {
  const device = join(sys, 'bus/pci/devices', address);
  if (!existsSync(device)) return { exists: false, others: [] };
  const group = link(join(device, 'iommu_group'));
  const driver = link(join(device, 'driver'));
  const others = group === undefined ? [] : list(join(device, 'iommu_group/devices')).filter((one) => one !== address);
  return {
    exists: true,
    ...(group === undefined ? {} : { group }),
    ...(driver === undefined ? {} : { driver }),
    others: others.map((one) => {
      const held = link(join(sys, 'bus/pci/devices', one, 'driver'));
      return { address: one, ...(held === undefined ? {} : { driver: held }) };
    }),
  };
}

function link(path: string): string | undefined {
  try {
    return basename(realpathSync(path));
  } catch {
    return undefined;
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
