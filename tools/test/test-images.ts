/**
 * Makes the images that tests boot, once, into .cache/test-images: laboratories have no uplink. Two come from Debian's
 * packages (systemd, sysvinit), one is a few files around the static busybox; where QEMU is, machines come to it: the tiny one,
 * the same on a disk, and the Debian that is built in.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { downloadOptions, findMirrors } from '../../src/images/debian/apt-sources.ts';
import { ensureBuiltMachine } from '../../test/machines/built-machine.ts';
import { ensureScreenMachine } from '../../test/machines/screen-machine.ts';
import { ensureTinyDisk } from '../../test/machines/tiny-disk.ts';
import { ensureTinyMachine } from '../../test/machines/tiny-machine.ts';

const qemu = '/usr/bin/qemu-system-x86_64';
const directory = join(dirname(dirname(import.meta.dirname)), '.cache', 'test-images');

/** mmdebstrap copies the build machine's name into the tree; init would give it to the guest. */
const forgetHostname = 'rm -f "$1/etc/hostname"';

/** sysvinit: a console instead of virtual terminals, and the signals by which a container is stopped (SIGPWR, SIGINT). */
const inittab = `sed -i -e '/^[1-6]:/d' -e '/^p/d' -e '/^ca:/d' "$1/etc/inittab" && cat >> "$1/etc/inittab" <<'EOF'
1:2345:respawn:/sbin/agetty --noclear --keep-baud console 115200,38400,9600 linux
p0::powerfail:/sbin/init 0
p6::ctrlaltdel:/sbin/init 6
EOF`;

const images: Record<string, (target: string) => void> = {
  'debian12.tar': (target) =>
    debian(
      target,
      ['systemd-sysv', 'dbus', 'iproute2', 'iputils-ping', 'procps', 'ca-certificates', 'libpam-systemd'],
      [],
    ),
  'sysvinit.tar': (target) =>
    debian(target, ['sysvinit-core', 'sysv-rc', 'initscripts', 'iproute2', 'procps', 'busybox'], [inittab]),
  'busybox.tar': busybox,
};

export async function ensureTestImages(say: (text: string) => void): Promise<void> {
  mkdirSync(directory, { recursive: true });
  for (const [name, make] of Object.entries(images)) {
    const path = join(directory, name);
    if (existsSync(path)) continue;
    say(`making the test image ${name} (once) ...`);
    const part = join(directory, `part-${process.pid}-${name}`);
    try {
      make(part);
      renameSync(part, path);
    } finally {
      rmSync(part, { force: true });
    }
  }
  if (!existsSync(qemu)) return;
  ensureTinyMachine();
  ensureScreenMachine();
  await ensureTinyDisk();
  await ensureBuiltMachine(say);
}

function debian(target: string, packages: readonly string[], hooks: readonly string[]): void {
  const sources = globSync(['/etc/apt/sources.list', '/etc/apt/sources.list.d/*.{list,sources}']);
  const mirrors = findMirrors(sources.map((path) => readFileSync(path, 'utf8')));
  const settings = spawnSync('apt-config', ['dump'], { encoding: 'utf8' });
  command('mmdebstrap', [
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    ...downloadOptions(settings.stdout ?? '').map((option) => `--aptopt=${option}`),
    ...[...hooks, forgetHostname].map((hook) => `--customize-hook=${hook}`),
    'bookworm',
    target,
    ...(mirrors ? [mirrors.main] : []),
  ]);
}

const busyboxFiles: Record<string, string> = {
  'etc/inittab': `::sysinit:/bin/hostname -F /etc/hostname
console::respawn:-/bin/sh
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/true
`,
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/hostname': 'busybox\n',
  'etc/os-release': 'ID=busybox\nNAME="BusyBox"\nPRETTY_NAME="BusyBox test system"\nVERSION_ID="1"\n',
};

const udhcpcScript = `#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr replace "$ip/\${mask:-24}" dev "$interface"
for gateway in $router; do ip route replace default via "$gateway" dev "$interface"; done
: > /etc/resolv.conf
for server in $dns; do echo "nameserver $server" >> /etc/resolv.conf; done
`;

function busybox(target: string): void {
  const tree = mkdtempSync('/var/tmp/gt-busybox-');
  try {
    chmodSync(tree, 0o755);
    for (const name of ['bin', 'sbin', 'etc', 'dev', 'proc', 'sys', 'run', 'root', 'tmp', 'var', 'usr/share/udhcpc'])
      mkdirSync(join(tree, name), { recursive: true });
    chmodSync(join(tree, 'tmp'), 0o1777);
    copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
    const applets = command('/bin/busybox', ['--list']).trim().split('\n');
    for (const applet of applets.filter((name) => name !== 'busybox' && name !== 'init'))
      symlinkSync('busybox', join(tree, 'bin', applet));
    for (const applet of ['init', 'reboot', 'poweroff', 'halt'])
      symlinkSync('../bin/busybox', join(tree, 'sbin', applet));
    for (const [name, text] of Object.entries(busyboxFiles)) writeFileSync(join(tree, name), text);
    writeFileSync(join(tree, 'usr/share/udhcpc/default.script'), udhcpcScript, { mode: 0o755 });
    command('tar', ['-c', '--numeric-owner', '--owner=0', '--group=0', '-f', target, '-C', tree, '.']);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function command(file: string, args: readonly string[]): string {
  const done = spawnSync(file, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (done.status === 0) return done.stdout;
  const why = done.error?.message ?? done.stderr.trim().split('\n').slice(-12).join('\n');
  const hint = file === 'mmdebstrap' ? '\nIs the Debian mirror of /etc/apt reachable?' : '';
  throw new Error(`${file} ${args.join(' ').slice(0, 200)}: failed\n${why}${hint}`);
}
