/** What a guest says of its own memory, through the balloon: QEMU's own use tells only what the guest has ever touched. */
import type { Qmp } from './qmp.ts';

const balloon = '/machine/peripheral/balloon';
const intervalSeconds = 5;

export const askForMemory = (qmp: Qmp) =>
  qmp.ask('qom-set', { path: balloon, property: 'guest-stats-polling-interval', value: intervalSeconds });

type Stats = { 'last-update': number; stats: Record<string, number> };

/** Bytes in use: what is neither free nor given back on demand. Undefined for a guest that does not tell. */
export async function guestMemory(qmp: Qmp): Promise<number | undefined> {
  const { 'last-update': updated, stats } = (await qmp.ask('qom-get', {
    path: balloon,
    property: 'guest-stats',
  })) as Stats;
  // What is not known is the highest number that there is.
  const known = (name: string) => {
    const value = stats[name] ?? Number.NaN;
    return Number.isSafeInteger(value) ? value : undefined;
  };
  const total = known('stat-total-memory');
  const free = known('stat-available-memory') ?? known('stat-free-memory');
  return updated > 0 && total !== undefined && free !== undefined ? total - free : undefined;
}
