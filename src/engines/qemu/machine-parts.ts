/**
 * Devices of a machine that runs. The record says what each was made of, QEMU which of them are there: whoever was killed
 * between the two leaves a difference that `list` does not show, and the next change of that device clears away.
 */
import type { MachinePart, MachineParts } from '../../core/ports/machine-parts.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Layout } from './layout.ts';
import { cardId, cardName, partId, partName } from './machine/names.ts';
import { monitorOf, peripherals, takeOut } from './plug.ts';
import { plugCard, unplugCard } from './plug-cards.ts';
import { addDisk, dropNodes, resizeDisk } from './plug-disks.ts';
import { addUsb, dropUsb } from './plug-usb.ts';
import type { Qmp } from './qmp.ts';
import type { Reach } from './reach.ts';
import { type MachineRecord, readRecord, runningQemu, writeRecord } from './record.ts';

export function createMachineParts(layout: Layout, reach: Pick<Reach, 'monitor'>): MachineParts {
  const monitor = monitorOf(reach);
  const change = (id: string, next: (record: MachineRecord) => Partial<MachineRecord>) => {
    const record = readRecord(layout, id);
    if (record) writeRecord(layout, id, { ...record, ...next(record) });
  };
  const without = (id: string, name: string) =>
    change(id, ({ parts = [] }) => ({ parts: parts.filter((part) => part.id !== name) }));
  const ids = (id: string) => monitor(id)(peripherals);

  return {
    async add(id, part) {
      if ((await ids(id)).includes(partId(part.id)))
        throw new HostError(`the machine has the device ${part.id} already`, { errno: 'EEXIST' });
      // Before the device is there: a daemon that is killed in between must not find one that nobody knows.
      change(id, ({ parts = [] }) => ({ parts: [...parts.filter((known) => known.id !== part.id), part] }));
      try {
        await monitor(id)((qmp) => addPart(qmp, part));
      } catch (error) {
        without(id, part.id);
        throw error;
      }
    },
    async remove(id, name) {
      runningQemu(layout, id);
      const known = readRecord(layout, id)?.parts?.find((part) => part.id === name);
      if (known && 'share' in known) throw sharesAreFixed();
      await takeOut(monitor(id), partId(name));
      await monitor(id)((qmp) => (known && 'usb' in known ? dropUsb(qmp, known.usb.node) : dropNodes(qmp, name)));
      without(id, name);
    },
    async list(id) {
      const there = await ids(id);
      const known = readRecord(layout, id)?.parts ?? [];
      return known.filter((part) => there.includes(partId(part.id)));
    },

    async addCard(id, card) {
      const { pid } = runningQemu(layout, id);
      await plugCard(monitor(id), { pid, uid: readRecord(layout, id)?.uid ?? 0 }, card);
      change(id, ({ nics }) => ({ nics: [...nics.filter(({ name }) => name !== card.name), card] }));
    },
    async removeCard(id, name) {
      const { pid } = runningQemu(layout, id);
      await takeOut(monitor(id), cardId(name));
      await unplugCard(monitor(id), pid, name);
      change(id, ({ nics }) => ({ nics: nics.filter((nic) => nic.name !== name) }));
    },
    cards: async (id) => (await ids(id)).flatMap((one) => cardName(one) ?? []),

    resize: (id, disk, sizeBytes) => monitor(id)((qmp) => resizeDisk(qmp, disk, sizeBytes)),
  };
}

/** Names of all devices that a machine has, whatever its record says. */
export const partNames = (there: readonly string[]): string[] => there.flatMap((id) => partName(id) ?? []);

const sharesAreFixed = () =>
  new HostError('a directory of the host comes and goes with the start of the machine only', {
    help: 'stop the machine, change its devices and start it again',
  });

async function addPart(qmp: Qmp, part: MachinePart): Promise<void> {
  if ('disk' in part) return addDisk(qmp, part.id, part.disk);
  if ('usb' in part) return addUsb(qmp, part.id, part.usb.node);
  if ('share' in part) throw sharesAreFixed();
  throw new HostError('devices of the PCI bus come and go with the start of the machine only', {
    help: 'stop the machine, change its devices and start it again',
  });
}
