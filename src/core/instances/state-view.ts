/** The state of an instance: observed now, from the engine and the storage. */
import type { InstanceState, InstanceStateNetwork } from '../../api/resources/instances.ts';
import { zeroTime } from '../../api/schema.ts';
import { statusCodes } from '../../api/status.ts';
import { parseCpuList } from '../../lib/cpu-list.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import { addressViews, trafficView } from '../networks/link-view.ts';
import type { NicUsage } from '../ports/engine.ts';
import { parseLimits } from './config.ts';
import { expand } from './expand.ts';
import { rootsIn } from './roots.ts';
import type { RunningGuest } from './runtime.ts';
import { phaseStatus } from './state.ts';

type Needs = Pick<House, 'runtime' | 'engines' | 'pools' | 'documents' | 'facts'>;

/** `recent`: the size on disk may be some seconds old, as lists have it. */
export async function instanceState(house: Needs, doc: InstanceDoc, { recent = false } = {}): Promise<InstanceState> {
  const guest = house.runtime.get(doc.id);
  const [disk, live] = await Promise.all([
    diskUsage(house, doc, recent),
    guest ? liveState(house, doc, guest, recent) : undefined,
  ]);
  const status = phaseStatus[doc.phase];
  return {
    ...(live ?? stoppedState),
    disk: { root: { usage: disk, total: 0 } },
    status,
    status_code: statusCodes[status],
  };
}

const stoppedState = {
  memory: { usage: 0, usage_peak: 0, total: 0, swap_usage: 0, swap_usage_peak: 0 },
  network: null,
  pid: 0,
  processes: 0,
  cpu: { usage: 0, allocated_time: 0 },
  started_at: zeroTime,
  os_info: null,
};

async function diskUsage(house: Needs, doc: InstanceDoc, recent: boolean): Promise<number> {
  // A volume that is being made or deleted has no size to tell.
  const pool = house.pools.get(doc.pool);
  if (!pool) return 0;
  return rootsIn(house, pool, doc.type)
    .usage(doc.id, undefined, { recent })
    .catch(() => 0);
}

/** Undefined when the guest ended while we looked. */
async function liveState(house: Needs, doc: InstanceDoc, guest: RunningGuest, recent: boolean) {
  try {
    const [usage, nics] = await Promise.all([
      house.engines[doc.type].usage(doc.id),
      house.engines[doc.type].nics(doc.id),
    ]);
    const network = Object.fromEntries(nics.map((nic) => [nic.name, nicView(nic, guest)]));
    return {
      memory: {
        usage: usage.memoryBytes,
        usage_peak: usage.memoryPeakBytes,
        total: usage.memoryLimitBytes,
        swap_usage: usage.swapBytes,
        swap_usage_peak: 0,
      },
      network,
      pid: guest.pid,
      processes: usage.processes,
      cpu: { usage: usage.cpuNs, allocated_time: allocatedNs(house, doc) },
      started_at: guest.startedAt.toISOString(),
      os_info: recent ? null : await systemView(house, doc),
    };
  } catch {
    return undefined;
  }
}

async function systemView({ engines }: Needs, { id, type }: InstanceDoc): Promise<InstanceState['os_info']> {
  const system = await engines[type].inside?.system(id).catch(() => undefined);
  if (!system) return null;
  const { os, version, kernel, hostname } = system;
  return { os, os_version: version, kernel_version: kernel, hostname, fqdn: hostname };
}

/** CPU time that the guest may have in a second: its share of a quota, or all CPUs that it may use. */
function allocatedNs(house: Needs, doc: InstanceDoc): number {
  const { cpuQuota, cpuCount, cpuSet } = parseLimits(expand(house, doc).config, house.facts);
  if (cpuQuota) return Math.round((cpuQuota.quotaUs / cpuQuota.periodUs) * 1e9);
  return (cpuCount ?? parseCpuList(cpuSet ?? '')?.length ?? house.facts.cpus) * 1e9;
}

function nicView(nic: NicUsage, guest: RunningGuest): InstanceStateNetwork {
  const c = nic.counters;
  return {
    addresses: addressViews(nic.addresses),
    counters: {
      ...trafficView(c),
      errors_received: c.errorsReceived,
      errors_sent: c.errorsSent,
      packets_dropped_outbound: c.droppedSent,
      packets_dropped_inbound: c.droppedReceived,
    },
    hwaddr: nic.name === 'lo' ? '' : nic.hwaddr,
    host_name: guest.nics.find((known) => known.name === nic.name)?.hostName ?? '',
    mtu: nic.mtu,
    state: nic.up ? 'up' : 'down',
    type: nic.name === 'lo' ? 'loopback' : 'broadcast',
  };
}
