/** Files and settings that make a plain Debian a good guest: no noise, no failed unit, network without waiting. Pure. */

import type { DebianMirrors } from './apt-sources.ts';
import type { DebianRecipe } from './recipes.ts';

export type GuestKind = 'container' | 'virtual-machine';

/** What makes a plain Debian a guest of one kind. */
export type GuestShape = {
  packages: string[];
  /** By path; scripts may be executed. */
  files: Record<string, string>;
  masked: string[];
  enabled: string[];
  /** Lines of shell at the end, with the root file system in $root. */
  finish: string;
};

export const network = (cards: string) => `[Match]
Name=${cards}

[Network]
DHCP=yes
IPv6AcceptRA=yes
LinkLocalAddressing=ipv6

[DHCPv4]
# The address belongs to the network card, so that it is known before the guest asks.
ClientIdentifier=mac
UseDomains=yes

[IPv6AcceptRA]
Token=eui64
UseDomains=yes
`;

/** Without a router a unit that wants the network must not fail and not wait for two minutes. */
export const waitOnline = `[Service]
ExecStart=
ExecStart=-/usr/lib/systemd/systemd-networkd-wait-online --any --timeout=10
`;

const resolvConf = `# managed by Gasthof
nameserver 127.0.0.1
`;

export function containerShape(recipe: DebianRecipe, mirrors: DebianMirrors): GuestShape {
  return {
    packages: recipe.packages,
    files: {
      'etc/systemd/network/eth0.network': network('eth0'),
      'etc/systemd/system/systemd-networkd-wait-online.service.d/gasthof.conf': waitOnline,
      'etc/resolv.conf': resolvConf,
      'etc/apt/sources.list.d/debian.sources': aptSources(recipe, mirrors),
      'etc/fstab': '',
      'etc/machine-id': '',
      'etc/hosts': hosts,
    },
    masked: maskedUnits,
    enabled: ['systemd-networkd.service', 'console-getty.service'],
    finish: 'rm -f "$root/etc/systemd/system/getty.target.wants/getty@tty1.service"',
  };
}

export const hosts = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n';

export function aptSources({ suite }: DebianRecipe, mirrors: DebianMirrors): string {
  const stanza = (uri: string, suites: string) =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`;
  const security = mirrors.security === undefined ? '' : `\n${stanza(mirrors.security, `${suite}-security`)}`;
  return `${stanza(mirrors.main, `${suite} ${suite}-updates`)}${security}`;
}

/** Units that a container cannot run, or that would only cost time and noise there. */
const maskedUnits = [
  ...['sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'sys-kernel-config.mount', 'sys-fs-fuse-connections.mount'],
  ...['dev-hugepages.mount', 'dev-mqueue.mount', 'proc-sys-fs-binfmt_misc.automount', 'systemd-journald-audit.socket'],
  ...[
    'systemd-udevd.service',
    'systemd-udev-trigger.service',
    'systemd-udevd-control.socket',
    'systemd-udevd-kernel.socket',
  ],
  ...['systemd-modules-load.service', 'kmod-static-nodes.service', 'systemd-remount-fs.service', 'getty@.service'],
];

/** A hundred guests must not fetch package lists at the same hour; who wants it enables it. */
const disabledUnits = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
];

/** The shell script that mmdebstrap runs at the end, with the root file system as its first argument. */
export function customizeScript(filesDirectory: string, { masked, enabled, finish }: GuestShape): string {
  return `#!/bin/sh
set -eu
root=$1
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d/"*
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
cp -R '${filesDirectory}/.' "$root/"
for unit in ${masked.join(' ')}; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
for unit in ${disabledUnits.join(' ')}; do
  find "$root/etc/systemd/system" -path "*.wants/$unit" -delete
done
systemctl --root="$root" enable ${enabled.join(' ')} >/dev/null 2>&1 ||
  chroot "$root" systemctl enable ${enabled.join(' ')}
${finish}
chroot "$root" passwd -l root >/dev/null
rm -rf "$root/var/lib/apt/lists/"* "$root/var/cache/apt/"*.bin "$root/var/cache/debconf/"*-old "$root/var/lib/dpkg/"*-old
rm -rf "$root/var/log/apt" "$root/var/log/"*.log "$root/tmp/"* "$root/run/"* "$root/var/lib/systemd/random-seed"
rm -f "$root/var/lib/dbus/machine-id"
`;
}

/** Written when a guest is made, with its name. */
export const templates: Record<string, string> = {
  'hostname.tpl': '{{ container.name }}\n',
  'hosts.tpl': `127.0.0.1\tlocalhost
127.0.1.1\t{{ container.name }}
::1\tlocalhost ip6-localhost ip6-loopback
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`,
};
