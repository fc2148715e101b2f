/** Counters of a guest, from its control groups or, where there are none, from its processes. */
import type { Usage } from '../core/ports/engine.ts';
import { HostError } from '../lib/host-error.ts';
import { readText } from './cgroup-files.ts';
import type { CgroupLayout } from './cgroup-layout.ts';
import type { ProcessUsage } from './guest-processes.ts';

export function readUsage(
  layout: CgroupLayout,
  read: (controller: string, file: string) => string | undefined,
  id: string,
) {
  const { cpu, cpuUser, memory, processes, swap } = layout.counters;
  const used = read('memory', memory.current);
  if (used === undefined && read(processes.controller, processes.file) === undefined)
    throw new HostError(`guest ${id} has no control group: it does not run`, { errno: 'ENOENT' });
  const limit = Number(read('memory', memory.limit)?.trim());
  return {
    cpuNs: cpu.parse(read(cpu.controller, cpu.file) ?? '0'),
    cpuUserNs: cpuUser.parse(read(cpuUser.controller, cpuUser.file) ?? '0'),
    memoryBytes: Number(used ?? 0),
    // memory.peak is there since kernel 5.19 only.
    memoryPeakBytes: Number(read('memory', memory.peak) ?? used ?? 0),
    memoryLimitBytes: limit > 0 && limit < Number.MAX_SAFE_INTEGER ? limit : hostBytes(),
    swapBytes: swap(read),
    processes: Number(read(processes.controller, processes.file) ?? 0),
  };
}

const hostBytes = () => Number(/^MemTotal:\s+(\d+)/m.exec(readText('/proc', 'meminfo') ?? '')?.[1] ?? 0) * 1024;

/** What processes do not tell: peaks, limits, and what is in swap. */
export const withoutGroups = (used: ProcessUsage): Usage => ({
  ...used,
  memoryPeakBytes: used.memoryBytes,
  memoryLimitBytes: hostBytes(),
  swapBytes: 0,
});
