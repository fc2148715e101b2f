/** Disks: each file of a chain by a node of its own, for QEMU is never left to follow a name that stands in a file. */
import type { DiskFile, MachineDisk } from '../../../core/ports/machine.ts';
import type { PartDisk } from '../../../core/ports/machine-parts.ts';
import { controllers, nodeName, partId } from './names.ts';
import type { Part } from './spec.ts';

/** The root disk: nothing that comes later moves it. */
export const disks: Part = ({ machine }, { file, place }) =>
  machine.disks.flatMap((disk) => {
    const name = (depth: number) => `${disk.id}-${depth}`;
    const nodes = diskNodes(disk.chain, name, ({ path, readOnly }) => file(path, !readOnly));
    const index = machine.bootIndexes?.[disk.id] ?? disk.bootIndex;
    const boot = index === undefined ? '' : `,bootindex=${index}`;
    const serial = disk.serial === undefined ? '' : `,serial=${disk.serial}`;
    const device = `virtio-blk-pci,id=${disk.id},drive=${name(0)},${place()}${boot}${serial}`;
    return [...nodeWords(nodes), '-device', device];
  });

export type DiskNode = Record<string, unknown> & { 'node-name': string };

/** The nodes of a chain, the lowest first: a node names those below it. */
export function diskNodes(
  chain: MachineDisk['chain'],
  name: (depth: number) => string,
  open: (file: DiskFile) => string,
): DiskNode[] {
  const nodes = chain.map((file, depth): DiskNode => {
    const isLast = depth === chain.length - 1;
    const { format, readOnly, isDevice } = file;
    const driver = isDevice ? 'host_device' : 'file';
    return {
      driver: format,
      'node-name': name(depth),
      'read-only': readOnly,
      discard: 'unmap',
      ...(format === 'qcow2' ? { backing: isLast ? null : name(depth + 1) } : {}),
      file: { driver, filename: open(file), 'read-only': readOnly, discard: 'unmap', locking: 'on' },
    };
  });
  return nodes.reverse();
}

export const nodeWords = (nodes: readonly DiskNode[]): string[] =>
  nodes.flatMap((node) => ['-blockdev', JSON.stringify(node)]);

const drivers = { 'virtio-blk': 'virtio-blk-pci', 'virtio-scsi': 'scsi-hd', nvme: 'nvme', usb: 'usb-storage' } as const;

/** The device of a disk; `port` gives a free place on the PCI bus, for those that take one. */
export function diskDevice(name: string, disk: PartDisk, port: () => string): Record<string, unknown> {
  const { bus, isCd, isShared, serial } = disk;
  const place = bus === 'virtio-scsi' || bus === 'usb' ? controllers[bus].bus : port();
  return {
    driver: isCd && bus === 'virtio-scsi' ? 'scsi-cd' : drivers[bus],
    id: partId(name),
    drive: nodeName(name, 0),
    bus: place,
    serial,
    ...(isShared ? { 'share-rw': true } : {}),
  };
}
