/** Checking and parsing of instance config: strings come in at the edge, typed values go on. */

import { instanceKeys } from '../../api/config-keys/instance.ts';
import { findKey, isTrue, type KeyTable, valueError } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import { parseCpuList } from '../../lib/cpu-list.ts';
import { parseBytes, parsePercent } from '../../lib/units.ts';
import type { ConfigMap } from '../model.ts';
import type { Limits } from '../ports/engine.ts';
import type { Facts } from '../server/facts.ts';

type LooseMap = Record<string, string | number | boolean | null> | null | undefined;

/** Config from a request: numbers and booleans become strings, empty and null values are left out. */
export function plainConfig(loose: LooseMap): ConfigMap {
  const entries = Object.entries(loose ?? {}).filter(([, value]) => value !== null && value !== '');
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}

/** Config after a PATCH: named keys change, and those that are named with null or nothing go. */
export function patchedConfig(old: ConfigMap, loose: LooseMap): ConfigMap {
  const kept = Object.entries(old).filter(([key]) => !Object.hasOwn(loose ?? {}, key));
  return { ...Object.fromEntries(kept), ...plainConfig(loose) };
}

/** The first thing that is wrong with a config by its key table, in the words of Incus. */
export function configError(table: KeyTable, config: ConfigMap): string | undefined {
  for (const [key, value] of Object.entries(config)) {
    const row = findKey(table, key);
    if (!row) return `Unknown configuration key: ${key}`;
    const reason = valueError(row, value);
    if (reason) return `Invalid value for config key "${key}": ${reason}`;
  }
  return undefined;
}

export function checkInstanceConfig(facts: Pick<Facts, 'cpus'>, config: ConfigMap): void {
  const reason = configError(instanceKeys, config) ?? cpuError(facts, config['limits.cpu']);
  if (reason) fail('instance.config', { reason });
}

/** A list names CPUs that have to be there; a number is only an upper bound. */
function cpuError({ cpus }: Pick<Facts, 'cpus'>, value: string | undefined): string | undefined {
  if (value === undefined || /^\d+$/.test(value)) return undefined;
  const missing = parseCpuList(value)?.find((cpu) => cpu >= cpus);
  return missing === undefined
    ? undefined
    : `Invalid value for config key "limits.cpu": this host has no CPU ${missing}, its CPUs are 0 to ${cpus - 1}`;
}

/** Reserve that guests without a limit leave to the host, so that one of them cannot starve it. */
const hostReserveBytes = 512 * 1024 * 1024;
const defaultProcesses = 8192;

export function parseLimits(config: ConfigMap, facts: Pick<Facts, 'cpus' | 'memoryBytes'>): Limits {
  const limits: Limits = {
    memoryBytes: memoryLimit(config['limits.memory'], facts.memoryBytes),
    processes: config['limits.processes'] ? Number(config['limits.processes']) : defaultProcesses,
    byDefault: ['limits.memory', 'limits.processes'].filter((key) => !config[key]),
  };
  const cpu = config['limits.cpu'];
  if (cpu && /^\d+$/.test(cpu)) limits.cpuCount = Math.min(Number(cpu), facts.cpus);
  else if (cpu) limits.cpuSet = cpu;
  const allowance = config['limits.cpu.allowance'];
  const time = allowance?.match(/^(\d+)ms\/(\d+)ms$/);
  if (time) limits.cpuQuota = { quotaUs: Number(time[1]) * 1000, periodUs: Number(time[2]) * 1000 };
  else if (allowance) limits.cpuShare = Number(allowance.slice(0, -1));
  if (config['limits.cpu.priority']) limits.cpuPriority = Number(config['limits.cpu.priority']);
  if (config['limits.memory.swap']) limits.swap = isTrue(config['limits.memory.swap']);
  return limits;
}

function memoryLimit(text: string | undefined, hostBytes: number): number {
  const all = Math.max(hostBytes - hostReserveBytes, Math.floor(hostBytes / 2));
  if (!text) return all;
  const percent = parsePercent(text);
  return percent === undefined ? (parseBytes(text) ?? all) : Math.floor((hostBytes * percent) / 100);
}

/** Variables for init and exec from `environment.*` keys. */
export function configEnvironment(config: ConfigMap): Record<string, string> {
  const prefix = 'environment.';
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}

export const splitList = (text: string | undefined): string[] =>
  (text ?? '').split(/[\s,]+/).filter((word) => word !== '');
