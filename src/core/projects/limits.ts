/** limits.* of projects: how many things there are, and sums of what guests and volumes may use. */
import { formatBytes, parseBytes } from '../../lib/units.ts';
import type { ConfigMap, DevicesMap, InstanceDoc, VolumeDoc } from '../model.ts';

/** An instance with what its profiles give it. */
export type Guest = Pick<InstanceDoc, 'name' | 'type'> & { config: ConfigMap; devices: DevicesMap };
export type Members = {
  project: string;
  guests: readonly Guest[];
  volumes: readonly Pick<VolumeDoc, 'name' | 'pool' | 'config'>[];
  networks: number;
};

const poolPrefix = 'limits.disk.pool.';
const sums = ['limits.cpu', 'limits.memory', 'limits.processes', 'limits.disk'] as const;

export const isSum = (key: string): boolean => sums.some((name) => name === key) || key.startsWith(poolPrefix);
const isBytes = (key: string) => key === 'limits.memory' || key.startsWith('limits.disk');

/** What is counted, by the key that limits it. */
const counts: Readonly<Record<string, { what: string; of(members: Members): number }>> = {
  'limits.instances': { what: 'total instances', of: ({ guests }) => guests.length },
  'limits.containers': { what: 'instances of type container', of: (members) => ofType(members, 'container') },
  'limits.virtual-machines': {
    what: 'instances of type virtual-machine',
    of: (members) => ofType(members, 'virtual-machine'),
  },
  'limits.networks': { what: 'networks', of: ({ networks }) => networks },
};

const ofType = ({ guests }: Members, type: InstanceDoc['type']) => guests.filter((guest) => guest.type === type).length;

/** Why one guest of this type more is too many. `members` does not have it yet. */
export function countRefusal(config: ConfigMap, members: Members, type: InstanceDoc['type']): string | undefined {
  const typed = type === 'container' ? 'limits.containers' : 'limits.virtual-machines';
  const full = (key: string) => config[key] !== undefined && (counts[key]?.of(members) ?? 0) >= Number(config[key]);
  if (full(typed)) return `Reached maximum number of instances of type "${type}" in project "${members.project}"`;
  if (full('limits.instances')) return `Reached maximum number of instances in project "${members.project}"`;
  return undefined;
}

/** Why these members are more than the sums allow. */
export function sumRefusal(config: ConfigMap, members: Members): string | undefined {
  for (const [key, text] of Object.entries(config)) {
    if (!isSum(key)) continue;
    const used = usage(key, members);
    if (used.reason) return `Failed getting usage of project entities: ${used.reason}`;
    if (used.total > amountOf(key, text))
      return `Reached maximum aggregate value "${text}" for "${key}" in project "${members.project}"`;
  }
  return undefined;
}

/** Why a project with these members cannot have the changed limit. */
export function limitRefusal(key: string, text: string | undefined, members: Members): string | undefined {
  if (text === undefined) return undefined;
  const counted = counts[key];
  if (counted) {
    const count = counted.of(members);
    return Number(text) < count
      ? `"${key}" is too low: there currently are ${count} ${counted.what} in project "${members.project}"`
      : undefined;
  }
  if (!isSum(key)) return undefined;
  const used = usage(key, members);
  if (used.reason) return used.reason;
  return amountOf(key, text) < used.total
    ? `"${key}" is too low: current total is "${isBytes(key) ? formatBytes(used.total) : used.total}"`
    : undefined;
}

/** Limit (-1 for none) and use of each resource, as the state of a project shows them. */
export function resources(config: ConfigMap, members: Members): Record<string, { Limit: number; Usage: number }> {
  const keys = [...Object.keys(counts), ...sums];
  return Object.fromEntries(
    keys.map((key) => {
      const text = config[key];
      const used = counts[key]?.of(members) ?? usage(key, members).total;
      return [key.slice('limits.'.length), { Limit: text === undefined ? -1 : amountOf(key, text), Usage: used }];
    }),
  );
}

/** The sum over all that say something, and the first that says nothing or nothing that can be added. */
function usage(key: string, members: Members): { total: number; reason?: string } {
  const parts: (number | string)[] = [
    ...members.guests.map((guest) => guestPart(key, guest, members.project)),
    ...volumeParts(key, members),
  ];
  const total = parts.reduce<number>((sum, part) => sum + (typeof part === 'number' ? part : 0), 0);
  const reason = parts.find((part) => typeof part === 'string');
  return reason === undefined ? { total } : { total, reason };
}

function guestPart(key: string, guest: Guest, project: string): number | string {
  const where = `"${guest.name}" in project "${project}"`;
  if (key === 'limits.processes' && guest.type === 'virtual-machine') return 0;
  if (!key.startsWith('limits.disk')) {
    const text = guest.config[key];
    if (!text) return `Instance ${where} has no "${key}" config, either directly or via a profile`;
    if (key === 'limits.cpu' && !/^\d+$/.test(text)) return "CPUs can't be pinned if project limits are used";
    if (text.endsWith('%')) return `Failed parsing "${key}" for instance ${where}: Value can't be a percentage`;
    return amountOf(key, text);
  }
  const root = Object.values(guest.devices).find((device) => device.type === 'disk' && device.path === '/');
  if (key.startsWith(poolPrefix) && root?.pool !== key.slice(poolPrefix.length)) return 0;
  if (!root?.size)
    return `Instance ${where} has no "size" config set on the root device either directly or via a profile`;
  return amountOf(key, root.size);
}

function volumeParts(key: string, { volumes, project }: Members): (number | string)[] {
  if (!key.startsWith('limits.disk')) return [];
  const counted = key.startsWith(poolPrefix)
    ? volumes.filter((volume) => volume.pool === key.slice(poolPrefix.length))
    : volumes;
  return counted.map(({ name, config }) =>
    config.size
      ? amountOf(key, config.size)
      : `Custom volume "${name}" in project "${project}" has no "size" config set`,
  );
}

const amountOf = (key: string, text: string): number => (isBytes(key) ? (parseBytes(text) ?? 0) : Number(text));
