/**
 * Which accelerator a virtual machine gets. A `/dev/kvm` that opens proves nothing: on a host that is itself a guest it may
 * open and start a firmware, and no Linux ever comes up behind it. What counts besides is that the CPU says it can.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';

export type Accelerator = 'kvm' | 'tcg';

/** Flags of /proc/cpuinfo with which a CPU of this architecture tells that it runs guests; absent: the device is proof enough. */
const flagsOf: Partial<Record<NodeJS.Architecture, RegExp>> = { x64: /^flags\s*:.*\b(?:vmx|svm)\b/m };

export type AcceleratorFacts = {
  architecture: NodeJS.Architecture;
  cpuinfo: string;
  /** `/dev/kvm`. */
  kvm: 'open' | 'closed' | 'missing';
};

/** Why machines are emulated, and slow, and what would help. */
export type Emulation = { reason: string; help: string };
export type Chosen = { accelerator: 'kvm'; found: string } | ({ accelerator: 'tcg' } & Emulation);

const inFirmware = 'switch virtualisation on (VT-x, AMD-V) in the firmware';
const nested = "where this host is a virtual machine itself: allow nested virtualisation in its own host's settings";

export function chooseAccelerator({ architecture, cpuinfo, kvm }: AcceleratorFacts): Chosen {
  const flags = flagsOf[architecture];
  const isAble = !flags || flags.test(cpuinfo);
  const emulated = (why: string, help: string): Chosen => ({
    accelerator: 'tcg',
    reason: `slow: ${why}, machines are emulated`,
    help,
  });
  if (!isAble) return emulated('the CPU has neither vmx nor svm', `${inFirmware}; ${nested}`);
  if (kvm === 'missing')
    return emulated('/dev/kvm is missing', `as root: modprobe ${moduleFor(cpuinfo)}; ${inFirmware}`);
  if (kvm === 'closed')
    return emulated('/dev/kvm is closed to this user', 'as root: usermod -aG kvm USER, and log in again');
  return { accelerator: 'kvm', found: `machines run by KVM${pagesOf(architecture, cpuinfo)}` };
}

const moduleFor = (cpuinfo: string) =>
  /\bsvm\b/.test(cpuinfo) ? 'kvm_amd' : /\bvmx\b/.test(cpuinfo) ? 'kvm_intel' : 'kvm';

/** Without nested pages KVM works, but memory is slow; some guests start only on a CPU with popcnt. */
function pagesOf(architecture: NodeJS.Architecture, cpuinfo: string): string {
  if (architecture !== 'x64') return '';
  const pages = /\b(?:ept|npt)\b/.test(cpuinfo)
    ? 'with nested page tables'
    : 'without nested page tables (EPT, RVI): slower';
  return `, ${pages}${/\bpopcnt\b/.test(cpuinfo) ? '' : ', without popcnt: some guests do not start'}`;
}

export function hostAccelerator(): Chosen {
  return chooseAccelerator({
    architecture: process.arch,
    cpuinfo: readFileSync('/proc/cpuinfo', 'latin1'),
    kvm: !existsSync('/dev/kvm') ? 'missing' : canOpen('/dev/kvm') ? 'open' : 'closed',
  });
}

function canOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
