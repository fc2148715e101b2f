/** What a virtual machine is made of, as an engine is told. Paths are of the host; QEMU itself sees none of them. */

/** A file of a disk, the one that is written first, then what each stands on. */
export type DiskFile = { path: string; format: 'qcow2' | 'raw'; readOnly: boolean };

export type MachineDisk = {
  /** Name of the device; letters, digits and `-`, unique in the machine. */
  id: string;
  chain: readonly [DiskFile, ...DiskFile[]];
  /** The firmware tries lower numbers first; absent: not started from. */
  bootIndex?: number;
  /** Seen in the guest as /dev/disk/by-id/virtio-SERIAL; at most 20 characters. */
  serial?: string;
};

export type MachineBoot =
  | { kind: 'firmware' }
  /** Kernel and initrd of the host, readable for everybody who can reach them; `append` is the kernel's command line. */
  | { kind: 'kernel'; kernel: string; initrd?: string; append: string };

export type Machine = {
  disks: readonly MachineDisk[];
  boot: MachineBoot;
  /** As QEMU names them, kept for the life of the machine: `pc-q35-7.2`, `qemu64`. */
  type?: string;
  cpuModel?: string;
};
