/**
 * Control groups of guests, one below `parent` per guest in every hierarchy: limits, counters, freezing, delegation,
 * killing, removal. Reads and writes the kernel's files on demand; nothing runs while nobody asks.
 */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Limits, Usage } from '../core/ports/engine.ts';
import { formatCpuList, parseCpuList } from '../lib/cpu-list.ts';
import { HostError } from '../lib/host-error.ts';
import { type CgroupLayout, cgroupV1, cgroupV2, type HostFacts, type LimitFile } from './cgroup-layout.ts';
import { findLentCgroups } from './cgroup-lent.ts';
import { type CgroupMounts, findCgroupMounts } from './cgroup-mounts.ts';
import { killCgroup, listCgroupPids, removeCgroup } from './cgroup-tree.ts';
import {
  areStopped,
  continueProcesses,
  type ProcessUsage,
  processesBeside,
  stopProcesses,
  usageBeside,
} from './guest-processes.ts';
import { ownNamespaces } from './own-namespaces.ts';
import { waitUntil } from './process.ts';

export type Cgroups = {
  readonly kind: CgroupMounts['kind'];
  readonly stranded: string[];
  /** The path to give to an OCI runtime. */
  path(id: string): string;
  /**
   * Makes the group where the runtime does not: in hierarchies lent to an ordinary user. Returns the directories whose
   * `cgroup.procs` its processes have to join.
   */
  prepare(id: string): string[];
  exists(id: string): boolean;
  /** Why these limits cannot be had here, undefined when they can. */
  refusal(limits: Limits, id: string): string | undefined;
  /** Makes exactly these limits hold, or changes nothing and throws. */
  apply(id: string, limits: Limits): void;
  /**
   * Lets a guest open a device (`c 10:229`) or no longer. False where the host has no such file (v2, where a program of
   * the kernel decides): then it is the runtime's work.
   */
  setDevice(id: string, device: string, allow: boolean): boolean;
  usage(id: string): Usage;
  freeze(id: string): Promise<void>;
  thaw(id: string): Promise<void>;
  isFrozen(id: string): boolean;
  /** Lets the guest's root (as host id) divide its group further. */
  delegate(id: string, owner: number): void;
  pids(id: string): number[];
  /** SIGKILL to everything inside, frozen or not; resolves when nothing is left. */
  killAll(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Ids that have a group in any hierarchy. */
  list(): string[];
  /** Removes the common parent when it is empty. */
  removeParent(): Promise<void>;
};

const settleMs = 10_000;

const hostCgroups = (): CgroupMounts => {
  const own = ownNamespaces();
  return own ? findLentCgroups(own.uid) : findCgroupMounts();
};

/** `initOf`: pid of a guest's init, by which its processes are found where no group holds them. */
export function openCgroups(
  parent: string,
  mounts: CgroupMounts = hostCgroups(),
  initOf: (id: string) => number | undefined = () => undefined,
): Cgroups {
  const layout: CgroupLayout = mounts.kind === 'v2' ? cgroupV2 : cgroupV1;
  const directory = (controller: string, id: string) => {
    const root = mounts.controllers.get(controller);
    return root === undefined ? undefined : join(root, parent, id);
  };
  const directories = (id: string) => mounts.roots.map((root) => join(root, parent, id));
  const read = (id: string, controller: string, file: string) => readText(directory(controller, id), file);
  const facts = (limits: Limits, id: string) => hostFacts(mounts, limits, id);
  const hasFreezer = mounts.controllers.has(layout.freezer.controller);
  const frozen = (id: string) => {
    const init = hasFreezer ? undefined : initOf(id);
    if (!hasFreezer) return init !== undefined && areStopped(init);
    return layout.freezer.isFrozen((file) => read(id, layout.freezer.controller, file));
  };
  // Guests can make groups of their own only where they are delegated; any other hierarchy has all pids in one file.
  const main = ['freezer', 'pids', 'memory', 'cpu'].find((name) => mounts.controllers.has(name)) ?? '';

  function setFreezer(id: string, value: string) {
    const path = directory(layout.freezer.controller, id);
    if (path === undefined) throw new HostError('freezing needs the cgroup controller "freezer", which is not mounted');
    writeText(join(path, layout.freezer.file), value);
  }

  async function thaw(id: string) {
    const init = initOf(id);
    if (!hasFreezer) return init === undefined ? undefined : continueProcesses(init);
    setFreezer(id, layout.freezer.thawed);
    await waitUntil(() => !frozen(id), { timeoutMs: settleMs, what: `guest ${id}: thaw` });
  }

  return {
    kind: mounts.kind,
    stranded: mounts.stranded,
    path: (id) => `/${parent}/${id}`,
    prepare(id) {
      if (!ownNamespaces()) return [];
      for (const path of directories(id)) makeGroup(path);
      return directories(id);
    },
    exists: (id) => directories(id).some((path) => existsSync(path)),
    refusal: (limits, id) => refusal(layout, mounts, limits, facts(limits, id)),
    apply(id, limits) {
      const reason = refusal(layout, mounts, limits, facts(limits, id));
      if (reason !== undefined) throw new HostError(reason);
      refuseBelowUsage(id, limits);
      const files = layout
        .limitFiles(limits, facts(limits, id))
        .map((row) => askedFor(row, limits))
        .flatMap((row) => withPath(row, directory(row.controller, id)));
      writeAll(inWritableOrder(files));
    },
    setDevice(id, device, allow) {
      const path = directory('devices', id);
      const file = path === undefined ? undefined : join(path, allow ? 'devices.allow' : 'devices.deny');
      if (file === undefined || !existsSync(file)) return mounts.kind !== 'v2';
      writeText(file, `${device} rw${allow ? '' : 'm'}`);
      return true;
    },
    usage(id) {
      const init = initOf(id);
      const isCounted = mounts.controllers.has('memory') || mounts.controllers.has('pids');
      if (!isCounted && init !== undefined) return withoutGroups(usageBeside(init));
      return readUsage(layout, (controller, file) => read(id, controller, file), id);
    },
    async freeze(id) {
      const init = initOf(id);
      if (!hasFreezer && init !== undefined) return stopProcesses(init);
      setFreezer(id, layout.freezer.frozen);
      await waitUntil(() => frozen(id), { timeoutMs: settleMs, what: `guest ${id}: freeze` });
    },
    thaw,
    isFrozen: frozen,
    delegate(id, owner) {
      const path = directory(layout.delegated.controller, id);
      if (path === undefined) return;
      for (const file of layout.delegated.files) {
        if (existsSync(join(path, file))) chownSync(join(path, file), owner, owner);
      }
    },
    pids(id) {
      const path = directory(main, id) ?? directories(id)[0];
      return path === undefined ? processesBeside(initOf(id) ?? -1) : listCgroupPids(path);
    },
    async killAll(id) {
      // A frozen process does not die on v1 before it is thawed, and one that is just being frozen is not yet told as frozen.
      if (!hasFreezer) await thaw(id);
      else if (read(id, layout.freezer.controller, layout.freezer.file) !== undefined)
        setFreezer(id, layout.freezer.thawed);
      for (const path of directories(id)) await killCgroup(path);
    },
    async remove(id) {
      for (const path of directories(id)) await removeCgroup(path);
      for (const root of mounts.plain) rmSync(join(root, parent, id), { recursive: true, force: true });
    },
    list() {
      const ids = new Set<string>();
      for (const path of directories('')) for (const name of subdirectories(path)) ids.add(name);
      return [...ids];
    },
    async removeParent() {
      for (const path of directories('')) if (subdirectories(path).length === 0) await removeCgroup(path);
      for (const root of mounts.plain)
        if (subdirectories(join(root, parent)).length === 0)
          rmSync(join(root, parent), { recursive: true, force: true });
    },
  };

  /** v2 would kill inside instead of refusing; what is more than page cache cannot be given back. */
  function refuseBelowUsage(id: string, limits: Limits) {
    if (limits.memoryBytes === undefined) return;
    const { current, stat } = layout.counters.memory;
    const used = Number(read(id, 'memory', current) ?? 0);
    const needed = used - layout.counters.cache(read(id, 'memory', stat) ?? '');
    if (needed <= limits.memoryBytes) return;
    throw new HostError(`limits.memory: ${limits.memoryBytes} bytes is less than the ${needed} bytes in use`, {
      errno: 'EBUSY',
      help: 'stop something inside the guest first, or choose a higher limit',
    });
  }
}

/** The group and the one above it. On v1 nothing may join a group before it has CPUs and memory nodes. */
function makeGroup(path: string): void {
  for (const directory of [dirname(path), path]) {
    mkdirSync(directory, { recursive: true });
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (readText(directory, file)?.trim() !== '') continue;
      writeText(join(directory, file), readText(dirname(directory), file)?.trim() ?? '');
    }
    // v2: what the base offers is passed on.
    const offers = readText(directory, 'cgroup.controllers')?.trim();
    if (offers && directory !== path)
      writeText(join(directory, 'cgroup.subtree_control'), offers.replace(/\w+/g, '+$&'));
  }
}

function hostFacts(mounts: CgroupMounts, limits: Limits, id: string): HostFacts {
  const root = mounts.controllers.get('cpuset');
  const list =
    readText(root, 'cpuset.effective_cpus') ?? readText(root, 'cpuset.cpus.effective') ?? readText(root, 'cpuset.cpus');
  const cpus = parseCpuList(list ?? readText('/sys/devices/system/cpu', 'online') ?? '0') ?? [0];
  const swappiness = Number(readText('/proc/sys/vm', 'swappiness') ?? 60);
  if (limits.cpuCount === undefined || limits.cpuCount >= cpus.length) return { cpus, swappiness };
  // Spread over the CPUs by id, the same CPUs at each start.
  const first = Number.parseInt(id.slice(0, 8), 16) % cpus.length || 0;
  const chosen = Array.from({ length: limits.cpuCount }, (_, n) => cpus[(first + n) % cpus.length] ?? 0);
  return { cpus, swappiness, chosenCpus: chosen.sort((a, b) => a - b) };
}

function refusal(layout: CgroupLayout, mounts: CgroupMounts, limits: Limits, host: HostFacts): string | undefined {
  for (const row of layout.limitFiles(limits, host)) {
    const { controller, key } = askedFor(row, limits);
    if (key === undefined || mounts.controllers.has(controller)) continue;
    return `${key} needs the cgroup controller "${controller}", which ${whoLacksIt(mounts)}`;
  }
  if (limits.cpuSet === undefined) return undefined;
  const wanted = parseCpuList(limits.cpuSet);
  if (wanted?.every((cpu) => host.cpus.includes(cpu))) return undefined;
  return `limits.cpu: "${limits.cpuSet}" names CPUs that this host does not have (it has ${formatCpuList(host.cpus)})`;
}

/** Without its key, a limit holds where it can. */
function askedFor({ key, ...row }: LimitFile, { byDefault }: Limits): LimitFile {
  return key === undefined || byDefault?.includes(key) ? row : { ...row, key };
}

function whoLacksIt({ kind }: CgroupMounts): string {
  if (!ownNamespaces()) return `this host (cgroup ${kind}) does not have`;
  return 'is not delegated to this user (what helps is said by: gast doctor)';
}

type PathValue = { path: string; value: string; before: string; key: string };

function withPath(row: LimitFile, path: string | undefined): PathValue[] {
  const before = readText(path, row.file)?.trim();
  // Without the file the default holds anyway (a controller or swap accounting that this kernel lacks).
  if (path === undefined || before === undefined) {
    if (row.key !== undefined) throw new HostError(`${row.key}: this kernel has no ${row.file}`);
    return [];
  }
  return [{ path: join(path, row.file), value: row.value, before, key: row.key ?? row.file }];
}

/** v1: memory.limit may never exceed memory.memsw.limit, so the wider one goes first when limits grow. */
function inWritableOrder(files: PathValue[]): PathValue[] {
  const memory = files.findIndex(({ path }) => path.endsWith('/memory.limit_in_bytes'));
  const both = files.findIndex(({ path }) => path.endsWith('/memory.memsw.limit_in_bytes'));
  const [limit, sum] = [files[memory], files[both]];
  if (!limit || !sum || Number(limit.value) <= Number(limit.before)) return files;
  return files.with(memory, sum).with(both, limit);
}

function writeAll(files: PathValue[]) {
  const done: PathValue[] = [];
  for (const file of files) {
    if (file.before === file.value) continue;
    try {
      writeText(file.path, file.value);
      done.push(file);
    } catch (cause) {
      for (const { path, before } of done.reverse()) writeText(path, before);
      const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new HostError(`${file.key}: the kernel refuses "${file.value}" (${errno})`, { errno, cause });
    }
  }
}

function readUsage(layout: CgroupLayout, read: (controller: string, file: string) => string | undefined, id: string) {
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
const withoutGroups = (used: ProcessUsage): Usage => ({
  ...used,
  memoryPeakBytes: used.memoryBytes,
  memoryLimitBytes: hostBytes(),
  swapBytes: 0,
});

function readText(directory: string | undefined, file: string): string | undefined {
  if (directory === undefined) return undefined;
  try {
    return readFileSync(join(directory, file), 'utf8');
  } catch {
    return undefined;
  }
}

function writeText(path: string, value: string) {
  // Without O_CREAT and O_TRUNC: a control file that is not there must be an error.
  writeFileSync(path, value, { flag: 'r+' });
}

function subdirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}
