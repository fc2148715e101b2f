/** `gast info` as text. Pure. */
import type { InstanceFull, InstanceStateNetwork } from '../../api/resources/instances.ts';
import { formatBytes, formatDuration, formatTime } from '../output/units.ts';

export type Process = { pid: number; host_pid: number; uid: number; command: string; memory: number };

export function instanceReport(instance: InstanceFull, nowMs: number): string {
  const lines = [
    ...headLines(instance, nowMs),
    ...resourceLines(instance),
    ...networkLines(instance),
    ...snapshotLines(instance),
  ];
  return `${lines.join('\n')}\n`;
}

function headLines(
  { name, description, status, type, ephemeral, architecture, state, ...rest }: InstanceFull,
  nowMs: number,
) {
  const alive = state !== null && state.pid > 0;
  const started = new Date(state?.started_at ?? '').getTime();
  return [
    `Name: ${name}`,
    ...(description ? [`Description: ${description}`] : []),
    `Status: ${status.toUpperCase()}`,
    `Type: ${type}${ephemeral ? ' (ephemeral)' : ''}`,
    ...(rest.emulated === undefined ? [] : [`Emulated: ${rest.emulated}`]),
    `Architecture: ${architecture}`,
    ...(state?.os_info?.os ? [`System: ${state.os_info.os} ${state.os_info.os_version}`] : []),
    `Location: ${rest.location}`,
    ...(alive ? [`PID: ${state.pid}`] : []),
    `Created: ${formatTime(rest.created_at)}`,
    `Last used: ${formatTime(rest.last_used_at)}`,
    ...(alive && started > 0
      ? [`Started: ${formatTime(state.started_at)} (${formatDuration(nowMs - started)} ago)`]
      : []),
    ...(!alive && rest.last_end ? [`Last end: ${rest.last_end}`] : []),
    `Profiles: ${rest.profiles.join(', ')}`,
    ...idLines(rest.config),
  ];
}

type IdRow = { Isuid: boolean; Hostid: number; Nsid: number; Maprange: number };

/** Ids without a base of their own are those of all guests, here as with Incus. */
function idLines(config: InstanceFull['config']): string[] {
  const rows = parsedRows(config['volatile.idmap.current'] || config['volatile.idmap.next']);
  if (rows.length === 0) return [];
  const range = (first: number, count: number) => (count === 1 ? String(first) : `${first} to ${first + count - 1}`);
  const texts = rows.map((row) => `${range(row.Nsid, row.Maprange)} are ${range(row.Hostid, row.Maprange)}`);
  const whose =
    config['volatile.idmap.base'] === '0' ? 'shared by all guests that are not isolated' : 'of this guest alone';
  return [`Ids: ${texts.join(', ')} on the server, ${whose}`];
}

function parsedRows(text: string | undefined): IdRow[] {
  try {
    return (JSON.parse(text ?? '[]') as IdRow[]).filter((row) => row.Isuid);
  } catch {
    return [];
  }
}

function resourceLines({ state }: InstanceFull): string[] {
  if (state === null) return [];
  const lines = ['', 'Resources:'];
  if (state.pid > 0) {
    const { memory, cpu } = state;
    lines.push(`  Processes: ${state.processes}`, `  CPU time: ${(cpu.usage / 1e9).toFixed(2)} s`);
    const limit = memory.total > 0 ? ` of ${formatBytes(memory.total)}` : '';
    lines.push(
      `  Memory: ${formatBytes(memory.usage)}${limit}${memory.usage_peak > 0 ? `, at most ${formatBytes(memory.usage_peak)}` : ''}`,
    );
    if (memory.swap_usage > 0) lines.push(`  Swap: ${formatBytes(memory.swap_usage)}`);
  }
  for (const [disk, { usage, total }] of Object.entries(state.disk)) {
    lines.push(`  Disk ${disk}: ${formatBytes(usage)}${total > 0 ? ` of ${formatBytes(total)}` : ''}`);
  }
  return lines.length > 2 ? lines : [];
}

function networkLines({ state }: InstanceFull): string[] {
  const nics = Object.entries(state?.network ?? {});
  if (nics.length === 0) return [];
  return ['', 'Network:', ...nics.flatMap(([name, nic]) => nicLines(name, nic))];
}

function nicLines(
  name: string,
  { state, hwaddr, host_name, mtu, counters, addresses }: InstanceStateNetwork,
): string[] {
  const { bytes_received, bytes_sent, packets_received, packets_sent } = counters;
  return [
    `  ${name}:`,
    `    State: ${state.toUpperCase()}${hwaddr ? `, MAC ${hwaddr}` : ''}${mtu > 0 ? `, MTU ${mtu}` : ''}${host_name ? `, on the host ${host_name}` : ''}`,
    `    Received: ${formatBytes(bytes_received)} in ${packets_received} packets`,
    `    Sent: ${formatBytes(bytes_sent)} in ${packets_sent} packets`,
    ...addresses.map(({ family, address, netmask, scope }) => `    ${family}: ${address}/${netmask} (${scope})`),
  ];
}

function snapshotLines({ snapshots }: InstanceFull): string[] {
  if (!snapshots || snapshots.length === 0) return [];
  const lines = snapshots.map(
    ({ name, created_at, size }) => `  ${name}: ${formatTime(created_at)}${size > 0 ? `, ${formatBytes(size)}` : ''}`,
  );
  return ['', 'Snapshots:', ...lines];
}

/** `state.memory.usage` of an object, for scripts. */
export function fieldOf(value: unknown, path: string): unknown {
  let rest = path;
  let at: unknown = value;
  while (rest !== '') {
    if (typeof at !== 'object' || at === null) return undefined;
    const found = firstKey(at as Record<string, unknown>, rest);
    if (found === undefined) return undefined;
    at = (at as Record<string, unknown>)[found];
    rest = rest.slice(found.length + 1);
  }
  return at;
}

/** Keys of the config contain dots themselves: the longest key that fits wins. */
function firstKey(object: Record<string, unknown>, path: string): string | undefined {
  const fits = Object.keys(object).filter((key) => path === key || path.startsWith(`${key}.`));
  return fits.sort((a, b) => b.length - a.length)[0];
}
