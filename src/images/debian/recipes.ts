/** The Debian releases that can be built, and what goes into them. Pure data. */
export type DebianRecipe = {
  /** `debian/12`; further names find it as well. */
  alias: string;
  names: string[];
  suite: string;
  version: string;
  description: string;
  packages: string[];
  /** What a virtual machine has besides; empty where none can be built. */
  machinePackages: string[];
  /** The release still has programs in /bin and needs the links made. */
  mergeUsrFirst: boolean;
};

const packages = [
  ...['systemd-sysv', 'dbus', 'libpam-systemd'],
  ...['iproute2', 'iputils-ping', 'netbase', 'procps', 'ca-certificates'],
];

/** A kernel without drivers of real hardware, what boots it, the agent, and what lets its disk and its cards grow. */
const machinePackages = (debian: string) =>
  bootable.includes(debian)
    ? [
        ...[`linux-image-cloud-${debian}`, 'initramfs-tools', 'zstd', 'udev', 'kmod', 'e2fsprogs', 'fdisk'],
        ...['qemu-guest-agent', 'systemd-resolved'],
      ]
    : [];

/** Where the boot loaders of our disks run. */
const bootable = ['amd64'];

const releases = [
  { version: '12', suite: 'bookworm' },
  { version: '13', suite: 'trixie' },
];

const debianArchitectures: Record<string, string> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  riscv64: 'riscv64',
  s390x: 's390x',
};

/** Debian's name for what the host runs. */
export function debianArchitecture(architecture: string | undefined): string | undefined {
  return architecture === undefined ? undefined : debianArchitectures[architecture];
}

export function debianRecipes(architecture: string | undefined): DebianRecipe[] {
  const debian = debianArchitecture(architecture);
  if (!debian) return [];
  return releases.map(({ version, suite }) => ({
    alias: `debian/${version}`,
    names: [`debian/${suite}`, suite],
    suite,
    version,
    description: `Debian ${version} (${suite}), ${debian}, systemd, minimal`,
    packages,
    machinePackages: machinePackages(debian),
    mergeUsrFirst: suite === 'bookworm',
  }));
}

export function findRecipe(alias: string, architecture: string | undefined): DebianRecipe | undefined {
  return debianRecipes(architecture).find((recipe) => recipe.alias === alias || recipe.names.includes(alias));
}
