/**
 * The smallest machine that is one: Debian's kernel and a memory file system with busybox, the drivers of virtual hardware and
 * the guest agent. Boots in two to four seconds where machines are emulated: a processor that is emulated spends two seconds on
 * unpacking what is compressed, and half a second on tests of its ciphers, so that neither is asked of it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Entry, packCpio } from './cpio.ts';
import { unpackPackages } from './debian-packages.ts';
import { moduleFiles } from './kernel-modules.ts';

const cache = join(import.meta.dirname, '../../.cache/test-images');

export type TinyMachine = { kernel: string; initrd: string; append: string };

/** Another recipe makes another machine. */
const recipe = createHash('sha256')
  .update(readFileSync(import.meta.filename))
  .digest('hex')
  .slice(0, 8);

export const tinyMachine: TinyMachine = {
  kernel: join(cache, `tiny-kernel-${recipe}`),
  initrd: join(cache, `tiny-initrd-${recipe}`),
  append: 'console=ttyS0 quiet panic=-1 cryptomgr.notests',
};

const modules =
  'virtio_pci virtio_blk virtio_net virtio_console virtio_balloon virtio_scsi sd_mod button evdev pvpanic-pci ' +
  'nls_ascii nls_cp437 nls_iso8859-1 vfat isofs sr_mod nvme xhci_pci usb_storage virtiofs';

/** Terminals, other users, SFTP: what machines with a whole system have. */
const programs = ['usr/bin/script', 'usr/bin/setpriv', 'usr/lib/openssh/sftp-server'];

const packages = ['qemu-guest-agent', 'bsdutils', 'util-linux', 'openssh-sftp-server'];

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
    const tree = unpackPackages(work, 'linux-image-cloud-amd64', ...packages);
    const kernel = globSync('boot/vmlinuz-*', { cwd: tree })[0] ?? 'no kernel';
    write(tinyMachine.kernel, readFileSync(join(tree, kernel)));
    write(tinyMachine.initrd, packCpio(entries(tree)));
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
    ...programs.map((path): Entry => ({ path, content: readFileSync(join(tree, path)), executable: true })),
    { path: 'etc/passwd', content: Buffer.from('root::0:0:root:/root:/bin/sh\n') },
    { path: 'etc/group', content: Buffer.from('root:x:0:\n') },
    ...libraries([agent, ...programs.map((path) => join(tree, path))]),
    ...moduleFiles(tree, modules.split(' ')),
  ];
  const directories = new Set(files.flatMap(({ path }) => parents(path)));
  return [...[...directories].sort().map((path): Entry => ({ path, directory: true })), ...files];
}

function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? [] : [...parents(parent), parent];
}

function libraries(programs: readonly string[]): Entry[] {
  const paths = programs.flatMap((program) => {
    const text = execFileSync('ldd', [program], { encoding: 'utf8' });
    return [...text.matchAll(/^\s+(?:\S+ => )?(\/\S+)/gm)].map(([, path = '']) => path);
  });
  return [...new Set(paths)].map((path) => ({ path: path.slice(1), content: readFileSync(path), executable: true }));
}
