/** Limits of the control group around a QEMU, made from those of its machine. */
import type { Limits } from '../../core/ports/engine.ts';
import { memoryBytes } from './machine/board.ts';

/** QEMU needs memory beside the guest's, and limits of processes are the guest's own affair. */
const overheadBytes = 512 * 2 ** 20;

export const aroundQemu = (limits: Limits) => ({
  ...(limits.cpuQuota ? { cpuQuota: limits.cpuQuota } : {}),
  ...(limits.cpuSet === undefined ? {} : { cpuSet: limits.cpuSet }),
  ...(limits.cpuShare === undefined ? {} : { cpuShare: limits.cpuShare }),
  ...(limits.cpuPriority === undefined ? {} : { cpuPriority: limits.cpuPriority }),
  memoryBytes: memoryBytes(limits) + overheadBytes,
});
