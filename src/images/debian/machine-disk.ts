/**
 * Makes a bootable disk of a tree, by programs that write into a file: no root, no loop device, no mount. The disk starts from
 * a BIOS (syslinux) and from UEFI (systemd-boot); both find kernel and initial file system on its boot partition.
 */
import { existsSync, globSync } from 'node:fs';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImageRefused } from '../../core/ports/images.ts';
import { type RunOptions, run } from '../../host/run.ts';
import { bootLabel, kernelWords, rootLabel } from './machine-files.ts';

const mebibyte = 2 ** 20;
const sectorBytes = 512;
/** As images of Incus; a bigger root disk is grown into at the first start. Nothing of it is there before it is written. */
const diskBytes = 4 * 2 ** 30;
const boot = { startBytes: mebibyte, sizeBytes: 192 * mebibyte };
const root = { startBytes: boot.startBytes + boot.sizeBytes, endBytes: diskBytes - mebibyte };

const efiLoader = '/usr/lib/systemd/boot/efi/systemd-bootx64.efi';
const bootRecord = '/usr/lib/syslinux/mbr/gptmbr.bin';

/** Files of the host by package. */
const needed: Record<string, string[]> = {
  fdisk: ['/usr/sbin/sfdisk', '/sbin/sfdisk'],
  e2fsprogs: ['/usr/sbin/mke2fs', '/sbin/mke2fs'],
  dosfstools: ['/usr/sbin/mkfs.vfat', '/sbin/mkfs.vfat'],
  mtools: ['/usr/bin/mcopy'],
  syslinux: ['/usr/bin/syslinux'],
  'syslinux-common': [bootRecord],
  'systemd-boot-efi': [efiLoader],
  'qemu-utils': ['/usr/bin/qemu-img'],
};

/** Packages without which no disk can be built here. */
export const missingMachineTools = (): string[] =>
  Object.entries(needed).flatMap(([name, paths]) => (paths.some((path) => existsSync(path)) ? [] : [name]));

/** Before minutes are spent on the tree. */
export function checkMachineTools(): void {
  const missing = missingMachineTools();
  if (missing.length === 0) return;
  const names = missing.join(' ');
  throw new ImageRefused('unsupported', `disks cannot be built here without ${names}`, `apt install ${names}`);
}

const loaderEntry = `title Debian\nlinux /vmlinuz\ninitrd /initrd.img\noptions ${kernelWords}\n`;
const loaderFiles: Record<string, string> = {
  'loader/loader.conf': 'timeout 0\ndefault debian\n',
  'loader/entries/debian.conf': loaderEntry,
  'syslinux/syslinux.cfg': `DEFAULT linux\nPROMPT 0\nTIMEOUT 1\nLABEL linux\n  LINUX /vmlinuz\n  INITRD /initrd.img\n  APPEND ${kernelWords}\n`,
};

/** `scratch` is an empty folder; `target` a qcow2 file that is made. */
export async function makeMachineDisk(
  files: { tree: string; scratch: string; target: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const disk = join(files.scratch, 'disk');
  const how: RunOptions = { timeoutMs: 600_000, ...(signal ? { signal } : {}) };
  const tool = (file: string, ...args: string[]) => run(file, args, how);
  await using file = await open(disk, 'wx', 0o600);
  await file.truncate(diskBytes);
  await run('sfdisk', ['-q', disk], { ...how, input: partitions() });
  await makeBootPartition(disk, files, tool);
  await makeRoot(disk, files.tree, tool);
  const record = await readFile(bootRecord);
  await file.write(record, 0, Math.min(record.length, 440), 0);
  await file.close();
  // The tree is on the disk now; both would be a gigabyte.
  await rm(files.tree, { recursive: true, force: true });
  const form = ['-O', 'qcow2', '-c', '-o', 'compression_type=zstd'];
  await tool('qemu-img', 'convert', '-f', 'raw', ...form, disk, files.target);
  await rm(disk);
}

function partitions(): string {
  const sectors = (bytes: number) => bytes / sectorBytes;
  return `label: gpt
start=${sectors(boot.startBytes)},size=${sectors(boot.sizeBytes)},type=U,attrs="LegacyBIOSBootable",name=${bootLabel}
start=${sectors(root.startBytes)},size=${sectors(root.endBytes - root.startBytes)},type=L,name=${rootLabel}
`;
}

type Tool = (file: string, ...args: string[]) => Promise<unknown>;

async function makeBootPartition(disk: string, files: { tree: string; scratch: string }, tool: Tool): Promise<void> {
  const at = String(boot.startBytes / sectorBytes);
  // Bigger clusters would be too few for FAT32, by the count of mtools.
  await tool('mkfs.vfat', '-F', '32', '-s', '1', '-n', bootLabel, '--offset', at, disk, String(boot.sizeBytes / 1024));
  const image = ['-i', `${disk}@@${boot.startBytes}`];
  await tool('mmd', ...image, '::EFI', '::EFI/BOOT', '::loader', '::loader/entries', '::syslinux');
  const put = (from: string, to: string) => tool('mcopy', ...image, from, `::${to}`);
  await put(newest(files.tree, 'vmlinuz-'), 'vmlinuz');
  await put(newest(files.tree, 'initrd.img-'), 'initrd.img');
  await put(efiLoader, 'EFI/BOOT/BOOTX64.EFI');
  for (const [path, text] of Object.entries(loaderFiles)) {
    const from = join(files.scratch, basename(path));
    await writeFile(from, text);
    await put(from, path);
  }
  await tool('syslinux', '--install', '--offset', String(boot.startBytes), '--directory', '/syslinux', disk);
}

/** A new tree has one kernel. */
function newest(tree: string, prefix: string): string {
  const found = globSync(`boot/${prefix}*`, { cwd: tree }).sort().at(-1);
  if (found === undefined) throw new ImageRefused('broken', `the tree has no /boot/${prefix}*`);
  return join(tree, found);
}

async function makeRoot(disk: string, tree: string, tool: Tool): Promise<void> {
  // Told that the space is empty, no guest spends its first minutes writing zeros.
  const extended = `offset=${root.startBytes},root_owner=0:0,assume_storage_prezeroed=1`;
  const blocks = String((root.endBytes - root.startBytes) / 4096);
  const fixed = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-L', rootLabel, '-m', '1'];
  await tool('mke2fs', ...fixed, '-E', extended, '-d', tree, disk, blocks);
}
