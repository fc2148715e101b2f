/** Changes of the disks of a machine that runs. */

import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { HostError } from '../../lib/host-error.ts';
import type { Qmp } from './qmp.ts';

type BlockRow = { qdev?: string; inserted?: { 'node-name'?: string } };

/** What the disk writes to now; nodes change their names with every snapshot. */
async function topNode(qmp: Qmp, disk: string): Promise<string> {
  const rows = (await qmp.ask('query-block')) as BlockRow[];
  const row = rows.find(({ qdev }) => qdev?.startsWith(`/machine/peripheral/${disk}/`) || qdev === disk);
  const node = row?.inserted?.['node-name'];
  if (node === undefined) throw new HostError(`the machine has no disk "${disk}"`);
  return node;
}

/** The file is opened here and handed over; QEMU reads no name in it. */
export async function switchDisk(qmp: Qmp, disk: string, overlay: string): Promise<void> {
  const top = await topNode(qmp, disk);
  const node = `${disk}-${randomBytes(4).toString('hex')}`;
  const set = await handFile(qmp, overlay);
  const file = { driver: 'file', filename: `/dev/fdset/${set}`, discard: 'unmap', locking: 'on' };
  await qmp.ask('blockdev-add', { driver: 'qcow2', 'node-name': node, discard: 'unmap', backing: null, file });
  try {
    await qmp.ask('blockdev-snapshot', { node: top, overlay: node });
  } catch (error) {
    await qmp.ask('blockdev-del', { 'node-name': node });
    throw error;
  }
}

async function handFile(qmp: Qmp, path: string): Promise<number> {
  const fd = openSync(path, constants.O_RDWR);
  try {
    return await qmp.handSet(fd);
  } finally {
    closeSync(fd);
  }
}
