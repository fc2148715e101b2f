/** Network cards of a machine that runs: a tap beside the card that the host has connected, and the device that uses it. */
import type { MachineCard } from '../../core/ports/machine-parts.ts';
import { cardId, tapName } from './machine/names.ts';
import { addAtFreePort } from './plug.ts';
import type { Monitor } from './qmp.ts';
import { connectTap, dropTap, openTap } from './taps.ts';

type Place = { pid: number; uid: number };

export async function plugCard(monitor: Monitor, { pid, uid }: Place, { name, hwaddr }: MachineCard): Promise<void> {
  const id = cardId(name);
  await monitor((qmp) => qmp.ask('netdev_del', { id: `${id}-n` })).catch(() => {});
  await dropTap(pid, name);
  await connectTap(pid, uid, name);
  try {
    await monitor(async (qmp) => {
      using tap = openTap(pid, tapName(name));
      await qmp.hand(id, tap.fd);
      await qmp.ask('netdev_add', { type: 'tap', id: `${id}-n`, fd: id });
      await addAtFreePort(qmp, (port) => ({ driver: 'virtio-net-pci', id, netdev: `${id}-n`, mac: hwaddr, bus: port }));
    });
  } catch (error) {
    await unplugCard(monitor, pid, name);
    throw error;
  }
}

/** After the guest has let go of the device. */
export async function unplugCard(monitor: Monitor, pid: number, name: string): Promise<void> {
  await monitor((qmp) => qmp.ask('netdev_del', { id: `${cardId(name)}-n` })).catch(() => {});
  await dropTap(pid, name);
}
