/**
 * Devices of a virtual machine beside its root disk and its cards, and what an engine does with them while the machine runs.
 * Each is told apart by the name of its device. What a machine has now is looked at, so that a daemon that was killed in the
 * middle of a change finds out how far it got.
 */
import type { GuestMount } from './engine.ts';
import type { DiskFile } from './machine.ts';

/** How a disk is seen: by the drivers that a guest needs for it. */
export const diskBuses = ['virtio-blk', 'virtio-scsi', 'nvme', 'usb'] as const;
export type DiskBus = (typeof diskBuses)[number];

export type PartDisk = {
  chain: readonly [DiskFile, ...DiskFile[]];
  readOnly: boolean;
  bus: DiskBus;
  /** A CD: read-only, and known as one to the firmware. */
  isCd?: boolean;
  /** Other machines may have it open, too. */
  isShared?: boolean;
  /** Seen in the guest as /dev/disk/by-id/virtio-SERIAL; at most 20 characters. */
  serial: string;
};

/** A directory of the host: the guest mounts it by its tag (virtiofs). */
export type PartShare = { mount: GuestMount; tag: string };

/** A device on a USB bus of the host: its node. */
export type PartUsb = { node: string };

/** A device on the PCI bus of the host, held by vfio-pci: its address and the node of its IOMMU group. */
export type PartPci = { address: string; group: string };

export type MachinePart = { id: string } & (
  | { disk: PartDisk }
  | { share: PartShare }
  | { usb: PartUsb }
  | { pci: PartPci }
);

/** A card as the guest sees it. The host has connected it to the network namespace of the machine before. */
export type MachineCard = { name: string; hwaddr: string };

/** All reject with `HostError` when the machine does not run. */
export interface MachineParts {
  /** Fails without a trace. Shares come with the start only, and are refused here. */
  add(id: string, part: MachinePart): Promise<void>;
  /**
   * Asks the guest to let go, which takes a system that runs in it, and takes the part away then. Rejects with ETIMEDOUT
   * when the guest does not; one that lets go later is rid of it. A part that is not there is no error.
   */
  remove(id: string, partId: string): Promise<void>;
  list(id: string): Promise<MachinePart[]>;

  addCard(id: string, card: MachineCard): Promise<void>;
  removeCard(id: string, name: string): Promise<void>;
  cards(id: string): Promise<string[]>;

  /** The disk (`root`, or the name of a device) has become longer. */
  resize(id: string, disk: string, sizeBytes: number): Promise<void>;
}
