/** Changes of the disks of a machine that runs. */
import { randomBytes } from 'node:crypto';
import { constants, openSync } from 'node:fs';
import { HostError } from '../../lib/host-error.ts';
import { fileTag } from './file-tag.ts';
import { dropNode, handFile } from './handed.ts';
import type { Qmp } from './qmp.ts';

type BlockRow = { qdev?: string; inserted?: { 'node-name'?: string } };

/** What the disk writes to now; nodes change their names with every snapshot. */
export async function topNode(qmp: Qmp, disk: string): Promise<string> {
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
  const set = await handFile(qmp, openSync(overlay, constants.O_RDWR), { tag: fileTag(overlay) });
  // Said of the file, too: else QEMU 7.2 keeps it locked for writing when the next snapshot has made it a lower one.
  const filename = `/dev/fdset/${set}`;
  const file = { driver: 'file', filename, 'read-only': false, discard: 'unmap', locking: 'on' };
  await qmp.ask('blockdev-add', { driver: 'qcow2', 'node-name': node, discard: 'unmap', backing: null, file });
  try {
    await qmp.ask('blockdev-snapshot', { node: top, overlay: node });
  } catch (error) {
    await dropNode(qmp, node);
    throw error;
  }
}
