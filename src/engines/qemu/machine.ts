/**
 * A virtual machine as words of QEMU's command line. Pure: files and sockets are named by the descriptors under which the
 * child gets them, for QEMU itself can open nothing (see supervisor.ts).
 */
import type { Limits } from '../../core/ports/engine.ts';
import type { Machine, MachineDisk } from '../../core/ports/machine.ts';
import type { Accelerator } from './accelerator.ts';

export type MachineSpec = {
  id: string;
  limits: Limits;
  nics: readonly { name: string; hwaddr: string }[];
  machine: Machine;
};

/** What the child is given besides its standard streams, in the order of its descriptors. */
export type Handed = { socket: SocketName } | { file: string; write: boolean };
export const socketNames = ['monitor', 'control', 'serial', 'agent'] as const;
export type SocketName = (typeof socketNames)[number];

/** Where kernel and initrd of a direct boot are seen in QEMU's root: it opens them by name. */
export const bootPaths = { kernel: '/boot/kernel', initrd: '/boot/initrd' } as const;

/** As in Incus, for guests without limits. */
const defaultMemoryBytes = 2 ** 30;
const mebibyte = 2 ** 20;
/** Translated code; QEMU's own default is a gigabyte, which it fills. */
const translationMiB = 64;
/** Places for what is plugged in later. */
const sparePorts = 8;

/** Slot of a device among the root ports. */
const portOf = (index: number) => `bus=rp${index}`;

export function renderMachine(
  spec: MachineSpec,
  host: { accelerator: Accelerator; firstDescriptor: number; consoleLog: string },
): { words: string[]; handed: Handed[] } {
  const handed: Handed[] = socketNames.map((socket) => ({ socket }));
  const fd = (socket: SocketName) => host.firstDescriptor + socketNames.indexOf(socket);
  const sets: string[] = [];
  /** A file as QEMU may open it; one set for each. */
  const hand = (file: string, write: boolean) => {
    const set = handed.push({ file, write });
    sets.push('-add-fd', `set=${set},fd=${host.firstDescriptor + set - 1}`);
    return `/dev/fdset/${set}`;
  };
  const log = hand(host.consoleLog, true);
  const { machine, limits } = spec;
  const disks = machine.disks.flatMap((disk, index) => diskWords(disk, index, hand));
  const nics = spec.nics.flatMap((nic, index) => nicWords(nic, machine.disks.length + index));
  const used = machine.disks.length + spec.nics.length;
  const ports = Array.from({ length: used + sparePorts }, (_, index) => [
    '-device',
    `pcie-root-port,id=rp${index},chassis=${index + 1}`,
  ]);
  const words = [
    ...['-name', spec.id, '-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-machine', machine.type ?? 'q35', '-accel', accelerators[host.accelerator]],
    ...['-cpu', machine.cpuModel ?? cpuDefaults[host.accelerator]],
    ...['-smp', String(limits.cpuCount ?? 1), '-m', `${memoryBytes(limits) / mebibyte}M`, '-rtc', 'base=utc'],
    ...['-action', 'panic=exit-failure', '-device', 'pvpanic-pci'],
    ...sets,
    ...['-chardev', listening('monitor', fd('monitor')), '-mon', 'chardev=monitor,mode=control'],
    ...['-chardev', listening('control', fd('control')), '-mon', 'chardev=control,mode=control'],
    ...['-chardev', `${listening('serial', fd('serial'))},logfile=${log},logappend=on`],
    ...['-device', 'isa-serial,chardev=serial', '-device', 'virtio-serial-pci,id=ports'],
    ...['-chardev', listening('agent', fd('agent'))],
    ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-balloon-pci,id=balloon'],
    ...ports.flat(),
    ...disks,
    ...nics,
    ...bootWords(machine),
  ];
  return { words, handed };
}

const cpuDefaults: Record<Accelerator, string> = { kvm: 'host', tcg: 'qemu64' };

const accelerators: Record<Accelerator, string> = { kvm: 'kvm', tcg: `tcg,thread=multi,tb-size=${translationMiB}` };

const listening = (name: SocketName, fd: number) => `socket,id=${name},fd=${fd},server=on,wait=off`;

/** Whole mebibytes, as QEMU counts. */
export const memoryBytes = (limits: Limits): number =>
  Math.max(1, Math.floor((askedBytes(limits) ?? defaultMemoryBytes) / mebibyte)) * mebibyte;

/** What somebody asked for; a limit by default is one of containers, which take no more than they need. */
export const askedBytes = (limits: Limits): number | undefined =>
  limits.byDefault?.includes('limits.memory') ? undefined : limits.memoryBytes;

/** Each file of the chain by a node of its own: QEMU is never left to follow a name that stands in a file. */
function diskWords(disk: MachineDisk, index: number, hand: (file: string, write: boolean) => string): string[] {
  const name = (depth: number) => `${disk.id}-${depth}`;
  const nodes = disk.chain.map((file, depth) => {
    const isLast = depth === disk.chain.length - 1;
    const filename = hand(file.path, !file.readOnly);
    return JSON.stringify({
      driver: file.format,
      'node-name': name(depth),
      'read-only': file.readOnly,
      discard: 'unmap',
      ...(file.format === 'qcow2' ? { backing: isLast ? null : name(depth + 1) } : {}),
      file: { driver: 'file', filename, 'read-only': file.readOnly, discard: 'unmap', locking: 'on' },
    });
  });
  const boot = disk.bootIndex === undefined ? '' : `,bootindex=${disk.bootIndex}`;
  const serial = disk.serial === undefined ? '' : `,serial=${disk.serial}`;
  // The lowest first: a node names those below it.
  const blockdevs = nodes.reverse().flatMap((node) => ['-blockdev', node]);
  return [...blockdevs, '-device', `virtio-blk-pci,id=${disk.id},drive=${name(0)},${portOf(index)}${boot}${serial}`];
}

/** The tap is made in the network namespace of the machine, beside the card that the host connected (taps.ts). */
function nicWords(nic: { name: string; hwaddr: string }, index: number): string[] {
  return [
    ...['-netdev', `tap,id=n-${nic.name},ifname=${tapName(nic.name)},script=no,downscript=no,vhost=off`],
    ...['-device', `virtio-net-pci,id=${nic.name},netdev=n-${nic.name},mac=${nic.hwaddr},${portOf(index)}`],
  ];
}

export const tapName = (nic: string) => `t-${nic}`.slice(0, 15);

function bootWords({ boot }: Machine): string[] {
  if (boot.kind === 'firmware') return [];
  const initrd = boot.initrd === undefined ? [] : ['-initrd', bootPaths.initrd];
  return ['-kernel', bootPaths.kernel, ...initrd, '-append', boot.append];
}
