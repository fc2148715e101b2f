/**
 * Files and settings that make a plain Debian a virtual machine: cards that come at any time get their addresses, the root
 * grows with its disk, and what firmware starts is renewed with each kernel. Pure.
 */
import type { DebianMirrors } from './apt-sources.ts';
import { aptSources, type GuestShape, hosts, network, waitOnline } from './guest-files.ts';
import type { DebianRecipe } from './recipes.ts';

/** Labels by which the guest finds its partitions, whatever bus its disk is on. */
export const rootLabel = 'root';
export const bootLabel = 'ESP';

/** Cards keep the kernel's names, as in containers. */
export const kernelWords = `root=LABEL=${rootLabel} ro console=tty0 console=ttyS0,115200 quiet net.ifnames=0`;

const fstab = `LABEL=${rootLabel} / ext4 defaults,noatime 0 1
LABEL=${bootLabel} /boot/efi vfat noauto,umask=0077 0 0
`;

/** The table of partitions keeps a tail of its own, which moves with the end of the disk. */
const growRoot = `#!/bin/sh
# Gives the last partition and the file system on it what the disk has gained.
set -e
part=$(findmnt -no SOURCE /)
place=$(readlink -f "/sys/class/block/\${part##*/}")
[ -e "$place/partition" ] || exit 0
disk=\${place%/*}
end=$(($(cat "$place/start") + $(cat "$place/size")))
[ $(($(cat "$disk/size") - end)) -gt 4096 ] || exit 0
number=$(cat "$place/partition")
node=/dev/\${disk##*/}
sfdisk --quiet --no-reread --no-tell-kernel --relocate gpt-bak-std "$node"
echo ,+ | sfdisk --quiet --no-reread --no-tell-kernel -N "$number" "$node"
partx --update --nr "$number" "$node"
resize2fs "$part"
`;

const growUnit = `[Unit]
Description=Give the root file system all of its disk
DefaultDependencies=no
After=systemd-remount-fs.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/grow-root

[Install]
WantedBy=local-fs.target
`;

const growRule =
  'ACTION=="change", SUBSYSTEM=="block", ENV{RESIZE}=="1", RUN+="/usr/bin/systemctl --no-block start grow-root.service"\n';

/** networkd may set a name only where polkit is; a name that somebody wrote counts more. */
const takeName = `#!/bin/sh
# Takes the name that came with the address of a card.
[ ! -s /etc/hostname ] || exit 0
name=$(sed -n 's/^HOSTNAME=//p' /run/systemd/netif/leases/* 2>/dev/null | head -n 1)
[ -z "$name" ] || [ "$name" = "$(hostname)" ] || hostname "$name"
`;

const nameUnit = `[Unit]
Description=Take the name that the network gives
After=systemd-networkd.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/take-name

[Install]
WantedBy=multi-user.target
`;

const namePath = `[Unit]
Description=Wait for a name from the network

[Path]
PathModified=/run/systemd/netif/leases

[Install]
WantedBy=paths.target
`;

/** Drivers of disks that this machine may be given; MODULES=most would make the file five times as big. */
const initramfsModules = 'virtio_pci\nvirtio_blk\nvirtio_scsi\nsd_mod\nnvme\nahci\n';

const renewBoot = `#!/bin/sh
# Puts the newest kernel and its initial file system where firmware finds them.
set -e
[ -e /dev/disk/by-label/${bootLabel} ] || exit 0
version=$(cd /boot; ls -v vmlinuz-* | sed -n '$s/^vmlinuz-//p')
[ -e "/boot/initrd.img-$version" ] || exit 0
mkdir -p /boot/efi
mountpoint -q /boot/efi || { mount /boot/efi; trap 'umount /boot/efi' EXIT; }
cp "/boot/vmlinuz-$version" /boot/efi/vmlinuz.new
cp "/boot/initrd.img-$version" /boot/efi/initrd.new
sync -f /boot/efi
mv /boot/efi/vmlinuz.new /boot/efi/vmlinuz
mv /boot/efi/initrd.new /boot/efi/initrd.img
`;

const takeNameUnits = ['take-name.service', 'take-name.path'];

export function machineShape(recipe: DebianRecipe, mirrors: DebianMirrors): GuestShape {
  return {
    packages: [...recipe.packages, ...recipe.machinePackages],
    files: {
      'etc/systemd/network/ethernet.network': network('eth*'),
      'etc/systemd/system/systemd-networkd-wait-online.service.d/gasthof.conf': waitOnline,
      'etc/systemd/system/grow-root.service': growUnit,
      'etc/udev/rules.d/80-grow-root.rules': growRule,
      'usr/local/sbin/grow-root': growRoot,
      'etc/systemd/system/take-name.service': nameUnit,
      'etc/systemd/system/take-name.path': namePath,
      'usr/local/sbin/take-name': takeName,
      'etc/kernel/postinst.d/zz-renew-boot': renewBoot,
      'etc/kernel/postrm.d/zz-renew-boot': renewBoot,
      'etc/initramfs/post-update.d/renew-boot': renewBoot,
      'etc/initramfs-tools/conf.d/modules': 'MODULES=list\n',
      'etc/initramfs-tools/modules': initramfsModules,
      'etc/apt/sources.list.d/debian.sources': aptSources(recipe, mirrors),
      'etc/fstab': fstab,
      'etc/machine-id': '',
      'etc/hosts': hosts,
    },
    masked: ['e2scrub_reap.service', 'systemd-networkd-persistent-storage.service'],
    enabled: ['systemd-networkd.service', 'systemd-resolved.service', 'grow-root.service', ...takeNameUnits],
    finish: `ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/boot/efi"
chroot "$root" update-initramfs -u -k all >/dev/null
rm -f "$root/boot/"*.old-dkms "$root/var/lib/initramfs-tools/"*.bak`,
  };
}
