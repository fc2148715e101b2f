/** The tiny machine on a disk: made by the builder of disks, so that it starts from a BIOS and from UEFI, in seconds. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeMachineDisk } from '../../src/images/debian/machine-disk.ts';
import { tinyMachine } from './tiny-machine.ts';

/** Of the same recipe as the machine on it. */
export const tinyDisk = `${tinyMachine.initrd.replace('initrd', 'disk')}.qcow2`;

export async function ensureTinyDisk(): Promise<void> {
  if (existsSync(tinyDisk)) return;
  const work = mkdtempSync(join(tmpdir(), 'tiny-disk-'));
  try {
    const [tree, scratch] = [join(work, 'tree'), join(work, 'scratch')];
    mkdirSync(join(tree, 'boot'), { recursive: true });
    mkdirSync(scratch);
    copyFileSync(tinyMachine.kernel, join(tree, 'boot/vmlinuz-tiny'));
    copyFileSync(tinyMachine.initrd, join(tree, 'boot/initrd.img-tiny'));
    await makeMachineDisk({ tree, scratch, target: join(work, 'disk') }, undefined);
    copyFileSync(join(work, 'disk'), `${tinyDisk}.new`);
    renameSync(`${tinyDisk}.new`, tinyDisk);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
