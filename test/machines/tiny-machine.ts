/**
 * The smallest machine that is one: Debian's kernel and a memory file system with busybox, the drivers of virtual hardware and
 * the guest agent. Boots in two to four seconds where machines are emulated.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Entry, packCpio } from './cpio.ts';

const cache = join(import.meta.dirname, '../../.cache/test-images');

export type TinyMachine = { kernel: string; initrd: string; append: string };

export const tinyMachine: TinyMachine = {
  kernel: join(cache, 'tiny-kernel'),
  initrd: join(cache, 'tiny-initrd'),
  append: 'console=ttyS0 quiet panic=-1',
};

const modules =
  'virtio_pci virtio_blk virtio_net virtio_console virtio_balloon virtio_scsi sd_mod button evdev pvpanic-pci';

const init = `#!/bin/sh
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /root /etc /mnt /usr/bin /usr/sbin
/bin/busybox --install -s
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /var
mount -t devpts pts /dev/pts
mount -t tmpfs run /run
ln -sf /run /var/run
for module in /modules/*.ko; do insmod "$module"; done
hostname tiny
ip link set lo up
for card in /sys/class/net/eth*; do
  [ -e "$card" ] || continue
  ip link set "\${card##*/}" up
  udhcpc -i "\${card##*/}" -s /etc/udhcpc >/dev/null 2>&1 &
done
port=$(grep -l org.qemu.guest_agent.0 /sys/class/virtio-ports/*/name)
[ -z "$port" ] || { port=\${port%/name}; qemu-ga -m virtio-serial -p "/dev/\${port##*/}" -t /run -d -f /run/ga.pid; }
acpid -f -e /proc/acpi/event >/dev/null 2>&1 &
echo "ready after $(cut -d ' ' -f 1 /proc/uptime) s"
while :; do setsid cttyhack sh; done
`;

const dhcp = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/\${mask:-24}" dev "$interface"
[ -z "$router" ] || ip route add default via "$router"
echo "nameserver $dns" > /etc/resolv.conf
`;

/** Makes what is missing of it; needs Debian's mirrors the first time. */
export function ensureTinyMachine(): TinyMachine {
  if (existsSync(tinyMachine.kernel) && existsSync(tinyMachine.initrd)) return tinyMachine;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'tiny-'));
  try {
    const tree = unpackPackages(work);
    const kernel = globSync('boot/vmlinuz-*', { cwd: tree })[0] ?? 'no kernel';
    write(tinyMachine.kernel, readFileSync(join(tree, kernel)));
    write(tinyMachine.initrd, gzipSync(packCpio(entries(tree)), { level: 1 }));
    return tinyMachine;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Whole or not there; readable for all, as QEMU has an id of its own. */
function write(path: string, content: Buffer): void {
  writeFileSync(`${path}.new`, content, { mode: 0o644 });
  renameSync(`${path}.new`, path);
}

function unpackPackages(work: string): string {
  const run = (file: string, ...args: string[]) =>
    execFileSync(file, args, { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const kernel = /Depends: (linux-image-\S+)/.exec(run('apt-cache', 'depends', 'linux-image-cloud-amd64'))?.[1] ?? '';
  run('apt-get', 'download', kernel, 'qemu-guest-agent');
  for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) run('dpkg-deb', '-x', file, 'tree');
  return join(work, 'tree');
}

function entries(tree: string): Entry[] {
  const agent = join(tree, 'usr/sbin/qemu-ga');
  const files: Entry[] = [
    { path: 'init', content: Buffer.from(init), executable: true },
    { path: 'bin/busybox', content: readFileSync('/bin/busybox'), executable: true },
    { path: 'bin/sh', link: 'busybox' },
    { path: 'usr/sbin/qemu-ga', content: readFileSync(agent), executable: true },
    { path: 'etc/udhcpc', content: Buffer.from(dhcp), executable: true },
    // What the agent calls to go down.
    {
      path: 'sbin/shutdown',
      content: Buffer.from('#!/bin/sh\ncase $1 in -r) reboot -f ;; *) poweroff -f ;; esac\n'),
      executable: true,
    },
    { path: 'etc/acpi/PWRF/00000080', content: Buffer.from('#!/bin/sh\npoweroff -f\n'), executable: true },
    ...libraries(agent).map((path): Entry => ({ path: path.slice(1), content: readFileSync(path), executable: true })),
    ...moduleFiles(tree),
  ];
  const directories = new Set(files.flatMap(({ path }) => parents(path)));
  return [...[...directories].sort().map((path): Entry => ({ path, directory: true })), ...files];
}

function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? [] : [...parents(parent), parent];
}

function libraries(program: string): string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...text.matchAll(/(?:=> )?(\/\S+)/g)].map(([, path = '']) => path);
}

/** The modules with all that they need, in the order of loading. */
function moduleFiles(tree: string): Entry[] {
  const paths = new Map(
    globSync('lib/modules/*/kernel/**/*.ko', { cwd: tree }).map((path) => [moduleName(path), join(tree, path)]),
  );
  const order = new Set<string>();
  const take = (name: string) => {
    const path = paths.get(name);
    // Built into this kernel.
    if (path === undefined || order.has(name)) return;
    const needs = /\0depends=([^\0]*)/.exec(readFileSync(path, 'latin1'))?.[1] ?? '';
    for (const need of needs.split(',').filter(Boolean)) take(moduleName(need));
    order.add(name);
  };
  for (const name of modules.split(' ')) take(moduleName(name));
  return [...order].map((name, index) => ({
    path: `modules/${String(index).padStart(2, '0')}-${name}.ko`,
    content: readFileSync(paths.get(name) ?? ''),
  }));
}

const moduleName = (path: string) => basename(path, '.ko').replaceAll('-', '_');
