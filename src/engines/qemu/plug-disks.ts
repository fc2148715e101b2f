/** Disks of a machine that runs: their nodes and devices, in and out, and their size. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DiskFile } from '../../core/ports/machine.ts';
import type { PartDisk } from '../../core/ports/machine-parts.ts';
import { HostError } from '../../lib/host-error.ts';
import { topNode } from './disks.ts';
import { blockNodes } from './file-tag.ts';
import { dropNode, handFile } from './handed.ts';
import { diskDevice, diskNodes } from './machine/disks.ts';
import { controllers, nodeName, partId } from './machine/names.ts';
import { openDiskFile } from './open-file.ts';
import { addAtFreePort, peripherals } from './plug.ts';
import type { Qmp } from './qmp.ts';

const letGoMs = 3000;
const lookMs = 50;

export async function addDisk(qmp: Qmp, name: string, disk: PartDisk): Promise<void> {
  await dropNodes(qmp, name);
  try {
    const sets = new Map<DiskFile, number>();
    for (const file of disk.chain) sets.set(file, await handFile(qmp, openDiskFile(file)));
    const nodes = diskNodes(
      disk.chain,
      (depth) => nodeName(name, depth),
      (file) => `/dev/fdset/${sets.get(file)}`,
    );
    for (const node of nodes) await qmp.ask('blockdev-add', node);
    if (disk.bus === 'virtio-scsi' || disk.bus === 'usb') {
      await ensureController(qmp, disk.bus);
      await qmp.ask(
        'device_add',
        diskDevice(name, disk, () => ''),
      );
    } else await addAtFreePort(qmp, (port) => diskDevice(name, disk, () => port));
  } catch (error) {
    await dropNodes(qmp, name).catch(() => {});
    throw error;
  }
}

export async function ensureController(qmp: Qmp, bus: keyof typeof controllers): Promise<void> {
  const { id, driver } = controllers[bus];
  if ((await peripherals(qmp)).includes(id)) return;
  await addAtFreePort(qmp, (port) => ({ driver, id, bus: port }));
}

/** What is left of a disk without its device; who changes disks at last looks for it. */
export async function dropNodes(qmp: Qmp, name: string): Promise<void> {
  const prefix = nodeName(name, 0).slice(0, -1);
  const names = (await blockNodes(qmp)).map((node) => node['node-name']).filter((node) => node.startsWith(prefix));
  const depth = (node: string) => Number(node.slice(prefix.length));
  for (const node of names.sort((a, b) => depth(a) - depth(b))) await dropFreeNode(qmp, node);
}

/** A device that has just gone may hold its node a moment longer. */
async function dropFreeNode(qmp: Qmp, node: string): Promise<void> {
  const deadline = Date.now() + letGoMs;
  for (;;) {
    try {
      return await dropNode(qmp, node);
    } catch (error) {
      if (!/in use/.test((error as Error).message) || Date.now() > deadline) throw error;
      await sleep(lookMs);
    }
  }
}

export async function resizeDisk(qmp: Qmp, disk: string, sizeBytes: number): Promise<void> {
  const node = disk === 'root' ? await topNode(qmp, disk) : await topNode(qmp, partId(disk));
  if (sizeBytes % 512 !== 0) throw new HostError(`${sizeBytes} bytes are no whole number of sectors`);
  await qmp.ask('block_resize', { 'node-name': node, size: sizeBytes });
}
