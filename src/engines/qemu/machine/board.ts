/** Board, processors and memory. */
import type { Limits } from '../../../core/ports/engine.ts';
import { parseCpuList } from '../../../lib/cpu-list.ts';
import type { Accelerator } from '../accelerator.ts';
import type { MachineSpec, Part } from './spec.ts';

/** As in Incus, for guests without limits. */
const defaultMemoryBytes = 2 ** 30;
const mebibyte = 2 ** 20;
/** Translated code; QEMU's own default is a gigabyte, which it fills. */
const translationMiB = 64;

const cpuDefaults: Record<Accelerator, string> = { kvm: 'host', tcg: 'qemu64' };
const accelerators: Record<Accelerator, string> = { kvm: 'kvm', tcg: `tcg,thread=multi,tb-size=${translationMiB}` };

export const board: Part = ({ id, limits, machine }, { accelerator }) => [
  ...['-name', id, '-nodefaults', '-no-user-config', '-display', 'none'],
  ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
  ...['-machine', machine.type ?? 'q35', '-accel', accelerators[accelerator]],
  ...['-cpu', machine.cpuModel ?? cpuDefaults[accelerator]],
  ...['-smp', cpuWords(limits, machine, accelerator), '-m', `${memoryBytes(limits) / mebibyte}M`, '-rtc', 'base=utc'],
  ...['-action', 'panic=exit-failure', '-device', 'pvpanic-pci'],
  ...['-device', 'virtio-rng-pci', '-device', 'virtio-balloon-pci,id=balloon'],
];

/** Whole mebibytes, as QEMU counts. */
export const memoryBytes = (limits: Limits): number =>
  Math.max(1, Math.floor((askedBytes(limits) ?? defaultMemoryBytes) / mebibyte)) * mebibyte;

/** Pinned to CPUs of the host, it has as many of its own. */
export const cpuCount = ({ cpuCount: count, cpuSet }: Limits): number =>
  count ?? (cpuSet === undefined ? undefined : parseCpuList(cpuSet)?.length) ?? 1;

/** Where it is emulated, room for more would be of no use: see live-limits.ts. */
function cpuWords(limits: Limits, { maxCpus = 0 }: MachineSpec['machine'], accelerator: Accelerator): string {
  const count = cpuCount(limits);
  return accelerator === 'kvm' && maxCpus > count ? `${count},maxcpus=${maxCpus}` : String(count);
}

/** What somebody asked for; a limit by default is one of containers, which take no more than they need. */
export const askedBytes = (limits: Limits): number | undefined =>
  limits.byDefault?.includes('limits.memory') ? undefined : limits.memoryBytes;
