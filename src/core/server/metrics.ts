/**
 * `GET /1.0/metrics`: OpenMetrics text with the names that Incus gives, so that its dashboards and `incus top` work.
 * Everything is counted when it is asked for; nothing runs between two calls.
 */
import type { House } from '../house.ts';
import { allInstances } from '../instances/find.ts';
import type { InstanceDoc } from '../model.ts';
import type { NicUsage, Usage } from '../ports/engine.ts';

type Needs = Pick<House, 'documents' | 'runtime' | 'engines' | 'pools' | 'facts' | 'operations' | 'clock'>;

type Labels = Record<string, string>;
type Sample = { labels: Labels; value: number };
type Space = { usedBytes: number; totalBytes: number };
type Seen = { usage: Usage; nics: NicUsage[]; space: Space | undefined; cpus: number };

type Metric = { name: string; help: string; type: 'counter' | 'gauge'; samples(seen: Seen): Sample[] };

const one = (value: number, labels: Labels = {}): Sample[] => [{ labels, value }];
const perCard = (value: (counters: NicUsage['counters']) => number) => (seen: Seen) =>
  seen.nics.map((nic) => ({ labels: { device: nic.name }, value: value(nic.counters) }));
const ofSpace = (value: (space: Space) => number) => (seen: Seen) =>
  seen.space ? one(value(seen.space), { device: 'root', fstype: 'overlay', mountpoint: '/' }) : [];

/** One row per metric of a running instance. Sums over all CPUs carry the label of the first one. */
const instanceMetrics: readonly Metric[] = [
  {
    name: 'incus_cpu_seconds_total',
    help: 'The total number of CPU time used in seconds.',
    type: 'counter',
    samples: ({ usage }) => [
      { labels: { cpu: '0', mode: 'user' }, value: usage.cpuUserNs / 1e9 },
      { labels: { cpu: '0', mode: 'system' }, value: Math.max(0, usage.cpuNs - usage.cpuUserNs) / 1e9 },
    ],
  },
  {
    name: 'incus_cpu_effective_total',
    help: 'The total number of effective CPUs.',
    type: 'gauge',
    samples: ({ cpus }) => one(cpus),
  },
  {
    name: 'incus_filesystem_avail_bytes',
    help: 'The number of available space in bytes.',
    type: 'gauge',
    samples: ofSpace((space) => space.totalBytes - space.usedBytes),
  },
  {
    name: 'incus_filesystem_free_bytes',
    help: 'The number of free space in bytes.',
    type: 'gauge',
    samples: ofSpace((space) => space.totalBytes - space.usedBytes),
  },
  {
    name: 'incus_filesystem_size_bytes',
    help: 'The size of the filesystem in bytes.',
    type: 'gauge',
    samples: ofSpace((space) => space.totalBytes),
  },
  {
    name: 'incus_memory_MemAvailable_bytes',
    help: 'The amount of available memory.',
    type: 'gauge',
    samples: ({ usage }) => one(usage.memoryLimitBytes - usage.memoryBytes),
  },
  {
    name: 'incus_memory_MemFree_bytes',
    help: 'The amount of free memory.',
    type: 'gauge',
    samples: ({ usage }) => one(usage.memoryLimitBytes - usage.memoryBytes),
  },
  {
    name: 'incus_memory_MemTotal_bytes',
    help: 'The amount of used memory.',
    type: 'gauge',
    samples: ({ usage }) => one(usage.memoryLimitBytes),
  },
  {
    name: 'incus_memory_Swap_bytes',
    help: 'The amount of used swap memory.',
    type: 'gauge',
    samples: ({ usage }) => one(usage.swapBytes),
  },
  {
    name: 'incus_network_receive_bytes_total',
    help: 'The amount of received bytes on a given interface.',
    type: 'counter',
    samples: perCard((counters) => counters.bytesReceived),
  },
  {
    name: 'incus_network_receive_drop_total',
    help: 'The amount of received dropped bytes on a given interface.',
    type: 'counter',
    samples: perCard((counters) => counters.droppedReceived),
  },
  {
    name: 'incus_network_receive_errs_total',
    help: 'The amount of received errors on a given interface.',
    type: 'counter',
    samples: perCard((counters) => counters.errorsReceived),
  },
  {
    name: 'incus_network_receive_packets_total',
    help: 'The amount of received packets on a given interface.',
    type: 'counter',
    samples: perCard((counters) => counters.packetsReceived),
  },
  {
    name: 'incus_network_transmit_bytes_total',
    help: 'The amount of transmitted bytes on a given interface.',
    type: 'counter',
    samples: perCard((counters) => counters.bytesSent),
  },
  {
    name: 'incus_network_transmit_drop_total',
    help: 'The amount of transmitted dropped bytes on a given interface.',
    type: 'counter',
    samples: perCard((counters) => counters.droppedSent),
  },
  {
    name: 'incus_network_transmit_errs_total',
    help: 'The amount of transmitted errors on a given interface.',
    type: 'counter',
    samples: perCard((counters) => counters.errorsSent),
  },
  {
    name: 'incus_network_transmit_packets_total',
    help: 'The amount of transmitted packets on a given interface.',
    type: 'counter',
    samples: perCard((counters) => counters.packetsSent),
  },
  {
    name: 'incus_procs_total',
    help: 'The number of running processes.',
    type: 'gauge',
    samples: ({ usage }) => one(usage.processes),
  },
];

/** `project` undefined: of all projects, with the server's own figures. */
export async function metricsText(house: Needs, project: string | undefined, startedAt: Date): Promise<string> {
  const guests = allInstances(house, project).filter((doc) => house.runtime.get(doc.id));
  const spaces = await poolSpaces(house);
  const seen = await Promise.all(guests.map((doc) => look(house, doc, spaces)));
  const blocks = instanceMetrics.map((metric) =>
    block(
      metric,
      guests.flatMap((doc, index) => {
        const facts = seen[index];
        const own = { name: doc.name, project: doc.project, type: doc.type };
        return facts
          ? metric.samples(facts).map(({ labels, value }) => ({ labels: { ...labels, ...own }, value }))
          : [];
      }),
    ),
  );
  const uptime = (house.clock.now().getTime() - startedAt.getTime()) / 1000;
  const server = [
    block(
      { name: 'incus_operations_total', help: 'The number of running operations', type: 'counter' },
      one(house.operations.list(project).length),
    ),
    block({ name: 'incus_uptime_seconds', help: 'The daemon uptime in seconds.', type: 'gauge' }, one(uptime)),
  ];
  return `${[...blocks, ...(project === undefined ? server : [])].filter((text) => text !== '').join('\n')}\n# EOF\n`;
}

/** Undefined when the guest ended while we looked. */
async function look(house: Needs, doc: InstanceDoc, spaces: Map<string, Space>): Promise<Seen | undefined> {
  try {
    const [usage, nics] = await Promise.all([
      house.engines[doc.type].usage(doc.id),
      house.engines[doc.type].nics(doc.id),
    ]);
    return { usage, nics, space: spaces.get(doc.pool), cpus: house.facts.cpus };
  } catch {
    return undefined;
  }
}

/** Guests of one pool share its space. */
async function poolSpaces(house: Needs): Promise<Map<string, Space>> {
  const entries = [...house.pools].map(async ([name, pool]): Promise<[string, Space][]> => {
    const space = await pool.space().catch(() => undefined);
    return space ? [[name, space]] : [];
  });
  return new Map((await Promise.all(entries)).flat());
}

function block({ name, help, type }: Pick<Metric, 'name' | 'help' | 'type'>, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`),
  ].join('\n');
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}
