import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Entry, packCpio } from './cpio.ts';
import { unpackPackages } from './debian-packages.ts';
import { moduleFiles } from './kernel-modules.ts';

const cache = join(import.meta.dirname, '../../.cache/test-images');

/** Another recipe makes another machine. */
const recipe = createHash('sha256')
  .update(readFileSync(import.meta.filename))
  .digest('hex')
  .slice(0, 8);

export const screenMachine = {
  kernel: join(cache, `screen-kernel-${recipe}`),
  initrd: join(cache, `screen-initrd-${recipe}`),
  append: 'console=tty0 console=ttyS0 quiet panic=-1 cryptomgr.notests',
  /** The kernel alone is bigger than that of clouds. */
  memory: '256MiB',
};

const modules = 'virtio_pci virtio-gpu bochs qxl i8042 atkbd button pvpanic-pci'.split(' ');

/** The size of the picture, and what the monitor says of itself (its EDID from byte 54 on), whenever one of them is another. */
const init = `#!/bin/sh
/bin/busybox mkdir -p /proc /sys /dev /run /tmp
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod "$module"; done
# Held open: a terminal that nobody has open forgets how it was set.
exec 3<> /dev/tty1
stty -echo -icanon min 1 <&3
printf '\\033[?25l\\033[44m\\033[2J\\033[H the screen of a machine ' >&3
( while :; do
    key=$(dd bs=1 count=1 2>/dev/null <&3)
    printf '%s' "$key" >&3
    echo "typed \${key:-enter}" > /dev/ttyS0
  done ) &
echo "ready after $(cut -d ' ' -f 1 /proc/uptime) s"
while :; do
  size=$(cat /sys/class/graphics/fb0/virtual_size)
  for path in /sys/class/drm/card0-*/edid; do
    monitor=$(tail -c +55 "$path" | od -An -v -tx1 | tr -d ' \\n')
    [ -z "$monitor" ] || break
  done
  now="screen $size monitor $monitor"
  [ "$now" = "$before" ] || echo "$now"
  before=$now
  usleep 200000
done
`;

/** Makes what is missing of it; needs Debian's mirrors the first time. */
export function ensureScreenMachine(): void {
  if (existsSync(screenMachine.kernel) && existsSync(screenMachine.initrd)) return;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'screen-'));
  try {
    const tree = unpackPackages(work, 'linux-image-amd64');
    write(screenMachine.kernel, readFileSync(join(tree, globSync('boot/vmlinuz-*', { cwd: tree })[0] ?? 'no kernel')));
    write(screenMachine.initrd, packCpio(entries(tree)));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Whole or not there; readable for all, as QEMU has an id of its own. */
function write(path: string, content: Buffer): void {
  writeFileSync(`${path}.new`, content, { mode: 0o644 });
  renameSync(`${path}.new`, path);
}

function entries(tree: string): Entry[] {
  const files: Entry[] = [
    { path: 'init', content: Buffer.from(init), executable: true },
    { path: 'bin/busybox', content: readFileSync('/bin/busybox'), executable: true },
    { path: 'bin/sh', link: 'busybox' },
    ...moduleFiles(tree, modules),
  ];
  const directories = new Set(files.map(({ path }) => dirname(path)).filter((path) => path !== '.'));
  return [...[...directories].sort().map((path): Entry => ({ path, directory: true })), ...files];
}
