/** What a virtual machine is made of, as an engine is told. Paths are of the host; QEMU itself sees none of them. */
import type { MachineDescription } from './machine-moving.ts';
import type { MachinePart } from './machine-parts.ts';
import type { MachineScreen } from './machine-screen.ts';

/** A file of a disk, the one that is written first, then what each stands on. */
export type DiskFile = {
  path: string;
  format: 'qcow2' | 'raw';
  readOnly: boolean;
  /** A block device, and no file. */
  isDevice?: boolean;
  /** Directory of the host that others may rearrange: `path` is below it and may not lead out of it. */
  inside?: string;
};

export type MachineDisk = {
  /** Name of the device; letters, digits and `-`, unique in the machine. */
  id: string;
  chain: readonly [DiskFile, ...DiskFile[]];
  /** The firmware tries lower numbers first; absent: not started from. */
  bootIndex?: number;
  /** Seen in the guest as /dev/disk/by-id/virtio-SERIAL; at most 20 characters. */
  serial?: string;
};

/** Its variables lie in this folder, which belongs to the machine. */
export type Uefi = { directory: string; secureBoot: boolean };

export type MachineBoot =
  /** Without UEFI it is a BIOS. */
  | { kind: 'firmware'; uefi?: Uefi }
  /** Kernel and initrd of the host, readable for everybody who can reach them; `append` is the kernel's command line. */
  | { kind: 'kernel'; kernel: string; initrd?: string; append: string };

/** Numbers in the form of UUIDs; `generation` is another one after each copy and restore. */
export type MachineIdentity = { uuid: string; generation: string; hostname: string };

/** What cloud-init finds on its disk (NoCloud). Secrets may be among it. */
export type MachineSeed = { metaData: string; userData: string; vendorData: string; networkConfig?: string };

export type Machine = {
  disks: readonly MachineDisk[];
  boot: MachineBoot;
  screen?: MachineScreen;
  /** As QEMU names them, kept for the life of the machine: `pc-q35-7.2`, `qemu64`. */
  type?: string;
  cpuModel?: string;
  identity?: MachineIdentity;
  seed?: MachineSeed;
  /** A TPM, with the folder in which it keeps what it knows. */
  tpm?: { directory: string };
  /** Devices beside the root disk and the cards. */
  parts?: readonly MachinePart[];
  /** What the firmware tries first has the lowest number: by `root`, `part/DEVICE` and `card/NAME`. */
  bootIndexes?: Readonly<Record<string, number>>;
  /** CPUs that it may have while it runs. */
  maxCpus?: number;
  /** What it goes on from in place of a start: the memory in a file (machine-states.ts), or what another engine sends. */
  incoming?: { kind: 'state'; path: string } | { kind: 'machine'; described: MachineDescription };
};
