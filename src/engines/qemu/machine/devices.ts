/** Devices beside the root disk and the cards, as they are at the start; what is plugged in later is made of the same (plug.ts). */
import type { MachinePart } from '../../../core/ports/machine-parts.ts';
import { diskDevice, diskNodes, nodeWords } from './disks.ts';
import { controllers, nodeName, partId } from './names.ts';
import { shareWords } from './shares.ts';
import type { Part, Rendering } from './spec.ts';

export const devices: Part = (spec, rendering) => {
  const parts = spec.machine.parts ?? [];
  const indexes = spec.machine.bootIndexes ?? {};
  return [
    ...neededControllers(parts).flatMap((name) => {
      const { id, driver } = controllers[name];
      return ['-device', JSON.stringify({ driver, id, bus: rendering.port() })];
    }),
    ...parts.flatMap((part) => partWords(part, indexes[`part/${part.id}`], rendering)),
    ...shareWords(spec, rendering),
  ];
};

type Controller = keyof typeof controllers;

export function neededControllers(parts: readonly MachinePart[]): Controller[] {
  const needed = parts.flatMap((part): Controller[] => {
    if ('usb' in part) return ['usb'];
    if (!('disk' in part)) return [];
    const { bus } = part.disk;
    return bus === 'virtio-scsi' || bus === 'usb' ? [bus] : [];
  });
  return [...new Set(needed)].sort();
}

function partWords(part: MachinePart, bootIndex: number | undefined, rendering: Rendering): string[] {
  const { file, port } = rendering;
  const boot = bootIndex === undefined ? {} : { bootindex: bootIndex };
  const device = (words: Record<string, unknown>) => ['-device', JSON.stringify({ ...words, ...boot })];
  if ('disk' in part) {
    const { chain } = part.disk;
    const nodes = diskNodes(
      chain,
      (depth) => nodeName(part.id, depth),
      ({ path, readOnly, inside }) => file(path, !readOnly, inside),
    );
    return [...nodeWords(nodes), ...device(diskDevice(part.id, part.disk, port))];
  }
  if ('usb' in part) return device(usbDevice(part.id, file(part.usb.node, true)));
  return [];
}

/** The node is opened by the daemon: libusb finds nothing by itself in QEMU's room. */
export const usbDevice = (name: string, node: string): Record<string, unknown> => ({
  driver: 'usb-host',
  id: partId(name),
  bus: controllers.usb.bus,
  hostdevice: node,
});
