/** PCI and USB devices of the host. */
import type { ResourcesPci, ResourcesUsb } from '../../core/ports/resources.ts';
import { hexId, type KernelTrees, linkName, numaNode, readNames, readNumber, readText } from './read.ts';

export function readPci({ sys }: KernelTrees, kernel: string): ResourcesPci {
  const base = `${sys}/bus/pci/devices`;
  const devices = readNames(base).map((address) => {
    const device = `${base}/${address}`;
    const driver = linkName(`${device}/driver`);
    return {
      driver,
      driver_version: driver ? readText(`${device}/driver/module/version`) || kernel : '',
      numa_node: numaNode(device),
      pci_address: address,
      vendor: '',
      vendor_id: hexId(`${device}/vendor`),
      product: '',
      product_id: hexId(`${device}/device`),
      iommu_group: Number(linkName(`${device}/iommu_group`)) || 0,
      vpd: {},
    };
  });
  return { devices, total: devices.length };
}

export function readUsb({ sys }: KernelTrees): ResourcesUsb {
  const base = `${sys}/bus/usb/devices`;
  const devices = readNames(base)
    // Interfaces are named after their device: `1-2:1.0`. Root hubs are not plugged in.
    .filter((name) => /^\d+-[\d.]+$/.test(name))
    .map((name) => {
      const device = `${base}/${name}`;
      const interfaces = readNames(device)
        .filter((entry) => entry.startsWith(`${name}:`))
        .map((entry) => ({
          class: '',
          class_id: Number.parseInt(readText(`${device}/${entry}/bInterfaceClass`), 16) || 0,
          driver: linkName(`${device}/${entry}/driver`),
          driver_version: '',
          number: Number.parseInt(readText(`${device}/${entry}/bInterfaceNumber`), 16) || 0,
          subclass: '',
          subclass_id: Number.parseInt(readText(`${device}/${entry}/bInterfaceSubClass`), 16) || 0,
        }));
      return {
        bus_address: readNumber(`${device}/busnum`),
        device_address: readNumber(`${device}/devnum`),
        interfaces,
        product: readText(`${device}/product`),
        product_id: readText(`${device}/idProduct`),
        speed: Number(readText(`${device}/speed`)) || 0,
        vendor: readText(`${device}/manufacturer`),
        vendor_id: readText(`${device}/idVendor`),
        serial: readText(`${device}/serial`),
      };
    });
  return { devices, total: devices.length };
}
