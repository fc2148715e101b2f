/** What things of a machine are called inside QEMU, whose ids take fewer characters than names of devices. */
import { createHash } from 'node:crypto';

/** Of a device by its name: every other character is written out, so that no two names become one. */
export const partId = (name: string): string =>
  `part-${name.replace(/[^A-Za-z0-9-]/g, (letter) => `_${letter.charCodeAt(0).toString(16).padStart(2, '0')}`)}`;

/** The name again, undefined for what is no device of this kind. */
export const partName = (id: string): string | undefined =>
  /^part-/.test(id)
    ? id.slice(5).replace(/_([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : undefined;

/** Nodes of disks have 31 characters at most. */
export const nodeName = (part: string, depth: number): string =>
  `n${createHash('sha256').update(part).digest('hex').slice(0, 20)}-${depth}`;

export const cardId = (nic: string): string => `nic-${nic}`;
export const cardName = (id: string): string | undefined => (/^nic-/.test(id) ? id.slice(4) : undefined);

const linkNameLength = 15;

/** Links have names of 15 characters at most: of longer ones it takes a part that tells them apart. */
export function tapName(nic: string): string {
  const plain = `t-${nic}`;
  if (plain.length <= linkNameLength) return plain;
  return `t-${createHash('sha256')
    .update(nic)
    .digest('hex')
    .slice(0, linkNameLength - 2)}`;
}

export const controllers = {
  'virtio-scsi': { id: 'scsi', driver: 'virtio-scsi-pci', bus: 'scsi.0' },
  usb: { id: 'usb', driver: 'qemu-xhci', bus: 'usb.0' },
} as const;
