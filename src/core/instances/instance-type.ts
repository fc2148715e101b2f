/** Instance types: sizes that clients ask for by a short name, like `c2-m4` for 2 CPUs and 4 GiB. */
import { fail } from '../../api/errors.ts';
import type { ConfigMap } from '../model.ts';

/**
 * The limits that a type stands for. Names of other clouds (`t2.micro`) would need their lists; they are refused.
 * Half a CPU is one CPU for half of the time.
 */
export function typeLimits(type: string | undefined): ConfigMap {
  if (!type) return {};
  const found = /^(?:c(?<cpus>[\d.]{1,9}))?(?:(?<=.)-)?(?:m(?<memory>[\d.]{1,9}))?$/.exec(type)?.groups;
  const [cpus, gibibytes] = [Number(found?.cpus ?? 0) || 0, Number(found?.memory ?? 0) || 0];
  const mebibytes = Math.floor(gibibytes * 1024);
  if (cpus === 0 && mebibytes === 0)
    fail('instance.config', {
      reason: `The instance type ${JSON.stringify(type)} is not known; types are like c2-m4: 2 CPUs, 4 GiB of memory`,
    });
  const cores = Math.ceil(cpus);
  const percent = Math.max(1, Math.floor((cpus / cores) * 100));
  return {
    ...(cores > 0 ? { 'limits.cpu': String(cores) } : {}),
    ...(cores > 0 && percent < 100 ? { 'limits.cpu.allowance': `${percent}%` } : {}),
    ...(mebibytes > 0 ? { 'limits.memory': `${mebibytes}MiB` } : {}),
  };
}
