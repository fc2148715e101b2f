/**
 * THE HOST DISKS PORT: what lies at a path of the host that somebody wants to give to a virtual machine. What a name says
 * decides, and not the content, which a guest may have written: `.iso` is a CD, `.qcow2` a disk image of that format, which
 * is judged like a stranger's; anything else is the bytes of a disk.
 */
export type HostDisk =
  | { kind: 'directory' }
  | { kind: 'file' | 'block'; format: 'raw' | 'qcow2'; isCd: boolean; sizeBytes: number };

/** Undefined when nothing is there. Rejects with `HostError` when it is there and not fit for a disk. */
export type LookAtHostDisk = (path: string) => Promise<HostDisk | undefined>;
