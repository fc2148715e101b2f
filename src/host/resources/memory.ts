/** Memory of the host by NUMA node, and its huge pages. */
import type { ResourcesMemory } from '../../core/ports/resources.ts';
import { type KernelTrees, readNames, readText } from './read.ts';

export function readMemory({ sys, proc }: KernelTrees): ResourcesMemory {
  const info = meminfo(readText(`${proc}/meminfo`));
  const pageBytes = info.Hugepagesize ?? 0;
  const nodesDirectory = `${sys}/devices/system/node`;
  const nodes = readNames(nodesDirectory)
    .filter((name) => /^node\d+$/.test(name))
    .map((name) => {
      const node = meminfo(readText(`${nodesDirectory}/${name}/meminfo`).replace(/^Node \d+ /gm, ''));
      return {
        numa_node: Number(name.slice(4)),
        hugepages_used: ((node.HugePages_Total ?? 0) - (node.HugePages_Free ?? 0)) * pageBytes,
        hugepages_total: (node.HugePages_Total ?? 0) * pageBytes,
        used: node.MemUsed ?? 0,
        total: node.MemTotal ?? 0,
      };
    });
  const total = info.MemTotal ?? 0;
  return {
    nodes,
    hugepages_total: (info.HugePages_Total ?? 0) * pageBytes,
    hugepages_used: ((info.HugePages_Total ?? 0) - (info.HugePages_Free ?? 0)) * pageBytes,
    hugepages_size: pageBytes,
    used: total - (info.MemAvailable ?? info.MemFree ?? 0),
    total,
  };
}

/** In bytes; counts of huge pages as they are. */
function meminfo(text: string): Record<string, number> {
  const lines = [...text.matchAll(/^(\w+(?:\(\w+\))?):\s+(\d+)( kB)?$/gm)];
  return Object.fromEntries(lines.map(([, key = '', value, unit]) => [key, Number(value) * (unit ? 1024 : 1)]));
}
