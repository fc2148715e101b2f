/** Under which conditions numbers were made: printed above the table, without which they mean nothing. */
import { existsSync, readdirSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export const loadNow = () => loadavg()[0]?.toFixed(1) ?? '?';

export function machine(): string {
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${memory} GiB, kernel ${release()}`;
}

/** As seen from the laboratory. A v2 mount beside v1 hierarchies may have no controllers at all. */
export function cgroupLayout(): string {
  const isV2 = (path: string) => existsSync(`${path}/cgroup.controllers`);
  if (isV2('/sys/fs/cgroup')) return 'v2';
  const all = readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`);
  const v1 = all.filter((path) => existsSync(`${path}/cgroup.procs`) && !isV2(path)).length;
  return all.some(isV2) ? `hybrid (${v1} v1 hierarchies beside v2)` : `v1 (${v1} hierarchies)`;
}
