/** Graphics and network cards of the host: PCI devices with links or DRM nodes. Virtual links are no cards. */
import { realpathSync } from 'node:fs';
import type { ResourcesGpu, ResourcesNetwork } from '../../core/ports/resources.ts';
import { hexId, type KernelTrees, linkName, numaNode, pciAddress, readNames, readNumber, readText } from './read.ts';

type Port = NonNullable<ResourcesNetwork['cards'][number]['ports']>[number];

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return '';
  }
};

export function readNetworkCards({ sys }: KernelTrees, kernel: string): ResourcesNetwork {
  const cards = new Map<string, ResourcesNetwork['cards'][number]>();
  for (const link of readNames(`${sys}/class/net`)) {
    const device = realPath(`${sys}/class/net/${link}/device`);
    if (device === '') continue;
    const address = pciAddress(device);
    const holder = address ? `${sys}/bus/pci/devices/${address}` : device;
    const driver = linkName(`${holder}/driver`);
    const card = cards.get(address || device) ?? {
      driver,
      driver_version: readText(`${holder}/driver/module/version`) || kernel,
      numa_node: numaNode(holder),
      ...(address ? { pci_address: address } : {}),
      vendor_id: hexId(`${holder}/vendor`),
      product_id: hexId(`${holder}/device`),
      ports: [],
    };
    card.ports = [...(card.ports ?? []), readPort(`${sys}/class/net/${link}`, link, card.ports?.length ?? 0)];
    cards.set(address || device, card);
  }
  return { cards: [...cards.values()], total: cards.size };
}

function readPort(directory: string, id: string, port: number): Port {
  const speed = readNumber(`${directory}/speed`, -1);
  return {
    id,
    address: readText(`${directory}/address`),
    port,
    protocol: 'ethernet',
    auto_negotiation: false,
    link_detected: readNumber(`${directory}/carrier`) === 1,
    ...(speed > 0 ? { link_speed: speed, link_duplex: readText(`${directory}/duplex`) } : {}),
  };
}

export function readGraphicsCards({ sys }: KernelTrees, kernel: string): ResourcesGpu {
  const base = `${sys}/class/drm`;
  const names = readNames(base);
  const cards = names
    .filter((name) => /^card\d+$/.test(name))
    .map((card) => {
      const device = realPath(`${base}/${card}/device`);
      const address = pciAddress(device);
      const render = names.find((name) => /^renderD\d+$/.test(name) && realPath(`${base}/${name}/device`) === device);
      const driver = linkName(`${device}/driver`);
      return {
        driver,
        driver_version: readText(`${device}/driver/module/version`) || kernel,
        drm: {
          id: Number(card.slice(4)),
          card_name: card,
          card_device: readText(`${base}/${card}/dev`),
          ...(render ? { render_name: render, render_device: readText(`${base}/${render}/dev`) } : {}),
        },
        numa_node: numaNode(device),
        ...(address ? { pci_address: address } : {}),
        vendor: '',
        vendor_id: hexId(`${device}/vendor`),
        product: '',
        product_id: hexId(`${device}/device`),
      };
    });
  return { cards, total: cards.length };
}
