/** Limits as control files: why they cannot be had, and writing all of them or none. */
import { join } from 'node:path';
import type { Limits } from '../core/ports/engine.ts';
import { formatCpuList, parseCpuList } from '../lib/cpu-list.ts';
import { HostError } from '../lib/host-error.ts';
import { readText, writeText } from './cgroup-files.ts';
import type { CgroupLayout, HostFacts, LimitFile } from './cgroup-layout.ts';
import type { CgroupMounts } from './cgroup-mounts.ts';
import { ownNamespaces } from './own-namespaces.ts';

export function hostFacts(mounts: CgroupMounts, limits: Limits, id: string): HostFacts {
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

export function refusal(
  layout: CgroupLayout,
  mounts: CgroupMounts,
  limits: Limits,
  host: HostFacts,
): string | undefined {
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
export function askedFor({ key, ...row }: LimitFile, { byDefault }: Limits): LimitFile {
  return key === undefined || byDefault?.includes(key) ? row : { ...row, key };
}

function whoLacksIt({ kind }: CgroupMounts): string {
  if (!ownNamespaces()) return `this host (cgroup ${kind}) does not have`;
  return 'is not delegated to this user (what helps is said by: gast doctor)';
}

type PathValue = { path: string; value: string; before: string; key: string };

export function withPath(row: LimitFile, path: string | undefined): PathValue[] {
  const before = readText(path, row.file)?.trim();
  // Without the file the default holds anyway (a controller or swap accounting that this kernel lacks).
  if (path === undefined || before === undefined) {
    if (row.key !== undefined) throw new HostError(`${row.key}: this kernel has no ${row.file}`);
    return [];
  }
  return [{ path: join(path, row.file), value: row.value, before, key: row.key ?? row.file }];
}

/** v1: memory.limit may never exceed memory.memsw.limit, so the wider one goes first when limits grow. */
export function inWritableOrder(files: PathValue[]): PathValue[] {
  const memory = files.findIndex(({ path }) => path.endsWith('/memory.limit_in_bytes'));
  const both = files.findIndex(({ path }) => path.endsWith('/memory.memsw.limit_in_bytes'));
  const [limit, sum] = [files[memory], files[both]];
  if (!limit || !sum || Number(limit.value) <= Number(limit.before)) return files;
  return files.with(memory, sum).with(both, limit);
}

export function writeAll(files: PathValue[]) {
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
