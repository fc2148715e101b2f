/** Sockets, cores, threads and caches of the host, from /sys/devices/system/cpu and /proc/cpuinfo. */
import type { ResourcesCpu } from '../../core/ports/resources.ts';
import { parseCpuList } from '../../lib/cpu-list.ts';
import { type KernelTrees, readNames, readNumber, readText } from './read.ts';

type Socket = ResourcesCpu['sockets'][number];

export function readCpus({ sys, proc }: KernelTrees, architecture: string): ResourcesCpu {
  const base = `${sys}/devices/system/cpu`;
  const about = cpuinfo(`${proc}/cpuinfo`);
  const isolated = new Set(parseCpuList(readText(`${base}/isolated`)) ?? []);
  const sockets = new Map<number, Socket>();
  let total = 0;
  for (const name of readNames(base).filter((entry) => /^cpu\d+$/.test(entry))) {
    const id = Number(name.slice(3));
    const topology = `${base}/${name}/topology`;
    const online = id === 0 || readNumber(`${base}/${name}/online`, 1) === 1;
    const socketId = readNumber(`${topology}/physical_package_id`);
    const facts = about.get(id) ?? {};
    const socket = sockets.get(socketId) ?? {
      name: facts['model name'] ?? '',
      vendor: facts.vendor_id ?? '',
      socket: socketId,
      cache: readCaches(`${base}/${name}/cache`),
      cores: [],
      ...frequencies(`${base}/${name}/cpufreq`),
    };
    sockets.set(socketId, socket);
    const coreId = readNumber(`${topology}/core_id`);
    const die = readNumber(`${topology}/die_id`);
    const known = socket.cores.find((core) => core.core === coreId && core.die === die);
    const core = known ?? { core: coreId, die, threads: [], flags: (facts.flags ?? facts.Features ?? '').split(' ') };
    if (!known) socket.cores.push(core);
    const thread = core.threads.length;
    core.threads.push({ id, numa_node: nodeOf(`${base}/${name}`), thread, online, isolated: isolated.has(id) });
    total += 1;
  }
  return { architecture, sockets: [...sockets.values()], total };
}

/** Facts of each logical CPU by its number. */
function cpuinfo(path: string): Map<number, Record<string, string>> {
  const parts = readText(path).split('\n\n');
  const entries = parts.map((part): [number, Record<string, string>] => {
    const pairs = [...part.matchAll(/^([^\t:]+)\t*: ?(.*)$/gm)].map(([, key = '', value = '']) => [key.trim(), value]);
    const facts = Object.fromEntries(pairs) as Record<string, string>;
    return [Number(facts.processor), facts];
  });
  return new Map(entries);
}

function readCaches(directory: string): Socket['cache'] {
  return readNames(directory)
    .filter((name) => /^index\d+$/.test(name))
    .map((name) => ({
      level: readNumber(`${directory}/${name}/level`),
      type: readText(`${directory}/${name}/type`),
      size: kernelSize(readText(`${directory}/${name}/size`)),
    }));
}

/** `32K`, `8192K` or `1M` in bytes. */
function kernelSize(text: string): number {
  const unit = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[text.at(-1) ?? ''] ?? 1;
  return (Number.parseInt(text, 10) || 0) * unit;
}

/** In MHz; left out where the kernel does not know. */
function frequencies(directory: string) {
  const mhz = (name: string) => Math.round(readNumber(`${directory}/${name}`) / 1000);
  const [frequency, minimum, turbo] = [mhz('scaling_cur_freq'), mhz('cpuinfo_min_freq'), mhz('cpuinfo_max_freq')];
  return {
    ...(frequency ? { frequency } : {}),
    ...(minimum ? { frequency_minimum: minimum } : {}),
    ...(turbo ? { frequency_turbo: turbo } : {}),
  };
}

function nodeOf(cpu: string): number {
  const node = readNames(cpu).find((name) => /^node\d+$/.test(name));
  return node ? Number(node.slice(4)) : 0;
}
