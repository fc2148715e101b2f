/** Makes the disk of cloud-init (NoCloud): a small FAT file system with the label `cidata`. No mount, no right is needed. */
import { truncateSync, writeFileSync } from 'node:fs';
import type { MachineSeed } from '../../core/ports/machine.ts';
import { run } from '../../host/run.ts';
import { HostError } from '../../lib/host-error.ts';

const files: readonly [name: string, key: keyof MachineSeed][] = [
  ['meta-data', 'metaData'],
  ['user-data', 'userData'],
  ['vendor-data', 'vendorData'],
  ['network-config', 'networkConfig'],
];
const emptyBytes = 2 ** 20;
const sectorBytes = 512;

/** Every content is secret: only the daemon reads the file, and QEMU by a descriptor. */
export async function makeSeed(path: string, seed: MachineSeed): Promise<void> {
  const wanted = files.flatMap(([name, key]) => {
    const content = seed[key];
    return content === undefined ? [] : [{ name, content: Buffer.from(content) }];
  });
  const bytes = wanted.reduce((total, { content }) => total + content.length, emptyBytes);
  writeFileSync(path, '', { mode: 0o600 });
  truncateSync(path, Math.ceil(bytes / sectorBytes) * sectorBytes);
  try {
    await run('mkfs.vfat', ['-n', 'cidata', path]);
    for (const { name, content } of wanted) await run('mcopy', ['-i', path, '-', `::${name}`], { input: content });
  } catch (cause) {
    if ((cause as HostError).errno !== 'ENOENT') throw cause;
    throw new HostError('cloud-init data for a virtual machine needs mkfs.vfat and mcopy', {
      help: 'on Debian: apt install dosfstools mtools',
      cause,
    });
  }
}
