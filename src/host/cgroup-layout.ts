/**
 * The two languages of control groups. Each layout says which files express a set of limits and where the counters are;
 * `cgroup.ts` reads and writes them. On a hybrid host the limits are v1's.
 */
import type { Limits } from '../core/ports/engine.ts';
import { formatCpuList } from '../lib/cpu-list.ts';

/** One limit as one file. `key` is the limit that asks for it, absent when only its default is written. */
export type LimitFile = { controller: string; file: string; value: string; key?: string };

export type HostFacts = {
  /** CPUs that guests may use. */
  cpus: number[];
  /** The host's own vm.swappiness. */
  swappiness: number;
  /** CPUs chosen for this guest when `cpuCount` is less than all. */
  chosenCpus?: number[];
};

export type CounterFiles = {
  /** Nanoseconds of CPU time from the content of `cpu.file`. */
  cpu: { controller: string; file: string; parse(text: string): number };
  /** The part of it outside the kernel. */
  cpuUser: { controller: string; file: string; parse(text: string): number };
  memory: { controller: 'memory'; current: string; peak: string; limit: string; stat: string };
  swap(read: (controller: string, file: string) => string | undefined): number;
  /** Memory that the kernel could give back without hurting: page cache. */
  cache(stat: string): number;
  processes: { controller: 'pids'; file: string };
};

export type CgroupLayout = {
  version: 1 | 2;
  limitFiles(limits: Limits, host: HostFacts): LimitFile[];
  counters: CounterFiles;
  freezer: { controller: string; file: string; frozen: string; thawed: string; isFrozen(read: Read): boolean };
  /** Files that go to the guest's root so that its init may divide the group further. */
  delegated: { controller: string; files: string[] };
};

type Read = (file: string) => string | undefined;

const defaultPeriodUs = 100_000;
const unlimitedV1 = '9223372036854771712';

/** Relative weight as Incus counts it: share in percent of the default, one unit less per priority step below 10. */
function weight(limits: Limits, normal: number): number {
  const share = limits.cpuShare === undefined ? normal : Math.round((normal * limits.cpuShare) / 100);
  return Math.max(normal === 100 ? 1 : 2, share - (10 - (limits.cpuPriority ?? 10)));
}

const weightKey = (limits: Limits) =>
  limits.cpuShare !== undefined
    ? 'limits.cpu.allowance'
    : limits.cpuPriority === undefined
      ? {}
      : 'limits.cpu.priority';

const keyed = (key: string | object): { key?: string } => (typeof key === 'string' ? { key } : {});
const when = (wanted: boolean, key: string): { key?: string } => (wanted ? { key } : {});

function cpuSetOf(limits: Limits, host: HostFacts): string {
  return limits.cpuSet ?? formatCpuList(host.chosenCpus ?? host.cpus);
}

const stat = (text: string, field: string) => Number(new RegExp(`^${field} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);

export const cgroupV1: CgroupLayout = {
  version: 1,
  limitFiles(limits, host) {
    const cpu = limits.cpuQuota;
    const memory = String(limits.memoryBytes ?? unlimitedV1);
    const files: LimitFile[] = [
      {
        controller: 'cpuset',
        file: 'cpuset.cpus',
        value: cpuSetOf(limits, host),
        ...when(pinned(limits), 'limits.cpu'),
      },
      {
        controller: 'cpu',
        file: 'cpu.cfs_period_us',
        value: String(cpu?.periodUs ?? defaultPeriodUs),
        ...when(!!cpu, 'limits.cpu.allowance'),
      },
      {
        controller: 'cpu',
        file: 'cpu.cfs_quota_us',
        value: String(cpu?.quotaUs ?? -1),
        ...when(!!cpu, 'limits.cpu.allowance'),
      },
      { controller: 'cpu', file: 'cpu.shares', value: String(weight(limits, 1024)), ...keyed(weightKey(limits)) },
      {
        controller: 'memory',
        file: 'memory.limit_in_bytes',
        value: memory,
        ...when(!!limits.memoryBytes, 'limits.memory'),
      },
      // Memory and swap together: the same as memory alone keeps the guest out of swap.
      {
        controller: 'memory',
        file: 'memory.memsw.limit_in_bytes',
        value: limits.swap === false ? memory : unlimitedV1,
      },
      // On v1 zero means never, also when the whole host is short of memory.
      {
        controller: 'memory',
        file: 'memory.swappiness',
        value: String(limits.swap === false ? 0 : host.swappiness),
        ...when(limits.swap === false, 'limits.memory.swap'),
      },
      {
        controller: 'pids',
        file: 'pids.max',
        value: String(limits.processes ?? 'max'),
        ...when(!!limits.processes, 'limits.processes'),
      },
    ];
    return files;
  },
  counters: {
    cpu: { controller: 'cpuacct', file: 'cpuacct.usage', parse: Number },
    cpuUser: { controller: 'cpuacct', file: 'cpuacct.usage_user', parse: Number },
    memory: {
      controller: 'memory',
      current: 'memory.usage_in_bytes',
      peak: 'memory.max_usage_in_bytes',
      limit: 'memory.limit_in_bytes',
      stat: 'memory.stat',
    },
    swap: (read) => stat(read('memory', 'memory.stat') ?? '', 'total_swap'),
    cache: (text) => stat(text, 'total_inactive_file') + stat(text, 'total_active_file'),
    processes: { controller: 'pids', file: 'pids.current' },
  },
  freezer: {
    controller: 'freezer',
    file: 'freezer.state',
    frozen: 'FROZEN',
    thawed: 'THAWED',
    isFrozen: (read) => read('freezer.state')?.trim() === 'FROZEN',
  },
  // Only the named hierarchy without a controller: what limits and counts stays the host's.
  delegated: { controller: 'name=systemd', files: ['', 'cgroup.procs', 'tasks'] },
};

export const cgroupV2: CgroupLayout = {
  version: 2,
  limitFiles(limits, host) {
    const cpu = limits.cpuQuota;
    return [
      {
        controller: 'cpuset',
        file: 'cpuset.cpus',
        value: cpuSetOf(limits, host),
        ...when(pinned(limits), 'limits.cpu'),
      },
      {
        controller: 'cpu',
        file: 'cpu.max',
        value: `${cpu?.quotaUs ?? 'max'} ${cpu?.periodUs ?? defaultPeriodUs}`,
        ...when(!!cpu, 'limits.cpu.allowance'),
      },
      {
        controller: 'cpu',
        file: 'cpu.weight',
        value: String(Math.min(10_000, weight(limits, 100))),
        ...keyed(weightKey(limits)),
      },
      {
        controller: 'memory',
        file: 'memory.max',
        value: String(limits.memoryBytes ?? 'max'),
        ...when(!!limits.memoryBytes, 'limits.memory'),
      },
      {
        controller: 'memory',
        file: 'memory.swap.max',
        value: limits.swap === false ? '0' : 'max',
        ...when(limits.swap === false, 'limits.memory.swap'),
      },
      {
        controller: 'pids',
        file: 'pids.max',
        value: String(limits.processes ?? 'max'),
        ...when(!!limits.processes, 'limits.processes'),
      },
    ];
  },
  counters: {
    cpu: { controller: 'cpu', file: 'cpu.stat', parse: (text) => stat(text, 'usage_usec') * 1000 },
    cpuUser: { controller: 'cpu', file: 'cpu.stat', parse: (text) => stat(text, 'user_usec') * 1000 },
    memory: {
      controller: 'memory',
      current: 'memory.current',
      peak: 'memory.peak',
      limit: 'memory.max',
      stat: 'memory.stat',
    },
    swap: (read) => Number(read('memory', 'memory.swap.current') ?? 0),
    cache: (text) => stat(text, 'inactive_file') + stat(text, 'active_file'),
    processes: { controller: 'pids', file: 'pids.current' },
  },
  freezer: {
    controller: '',
    file: 'cgroup.freeze',
    frozen: '1',
    thawed: '0',
    isFrozen: (read) => /^frozen 1$/m.test(read('cgroup.events') ?? ''),
  },
  delegated: { controller: '', files: ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'] },
};

function pinned(limits: Limits): boolean {
  return limits.cpuSet !== undefined || limits.cpuCount !== undefined;
}
