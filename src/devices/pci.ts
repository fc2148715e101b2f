/**
 * `pci`: a device of the host's PCI bus for a machine. Everything that the host lacks for it is told; on a host that lacks
 * nothing it is refused all the same, because QEMU would have to open /dev/vfio itself (7.2 takes no descriptors for it).
 */
import { deviceKeys } from '../api/config-keys/devices.ts';
import type { DeviceConfig, DeviceType } from '../core/ports/devices.ts';
import type { PciFacts } from '../host/pci-devices.ts';

const holder = 'vfio-pci';
/** Bridges may stay with the host. */
const harmless = new Set([holder, 'pcieport', 'pci-stub']);

/** Why a device cannot be passed on; undefined when the host has all that it takes. */
export function pciRefusal(address: string, { exists, group, driver, others }: PciFacts): string | undefined {
  if (!exists) return `this host has no PCI device ${address} (lspci -D lists them)`;
  if (group === undefined)
    return `the IOMMU of this host is off, without which ${address} would reach all memory: intel_iommu=on or amd_iommu=on on the kernel's command line, and VT-d or AMD-Vi in the firmware`;
  if (driver !== holder)
    return `${address} is held by ${driver ?? 'no driver'}, not by ${holder}: driverctl set-override ${address} ${holder}`;
  const busy = others.filter((one) => one.driver !== undefined && !harmless.has(one.driver));
  if (busy.length > 0)
    return `${address} shares its IOMMU group ${group} with ${busy.map((one) => `${one.address} (${one.driver})`).join(', ')}, which the host uses`;
  return undefined;
}

/** `00:02.0` is in the domain 0000. */
const fullAddress = (address: string) => (/^[0-9a-f]{4,8}:[0-9a-f]{2}:/i.test(address) ? address : `0000:${address}`);

export function createPci(readFacts: (address: string) => PciFacts): DeviceType {
  const refusal = ({ address = '' }: DeviceConfig) =>
    pciRefusal(fullAddress(address.toLowerCase()), readFacts(fullAddress(address.toLowerCase()))) ??
    'the host has all that it takes, and passing it on is not offered yet: QEMU would have to open /dev/vfio itself';
  return {
    name: 'pci',
    keys: deviceKeys.pci,
    isForMachines: true,
    invalid: ({ address }) =>
      address !== undefined && /^([0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i.test(address)
        ? undefined
        : `Invalid value for device option "address": "${address ?? ''}" is not an address like 0000:00:02.0`,
    unavailable: refusal,
    inMachine: refusal,
  };
}
