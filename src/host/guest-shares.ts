/**
 * What the kernel counts by user of the host, all namespaces of that user together: no guest of an ordinary user may take all
 * of it. Each level of user namespaces has limits of its own, by the user who made the next one: so the limit of the daemon's
 * namespace holds for each guest when the namespaces of guests are made by different ids.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { IdRange } from '../core/ports/id-range.ts';
import { ownNamespaces } from './own-namespaces.ts';

/** Of the host, and the same in /proc/sys/user for this namespace alone. Guests cannot have fanotify (seccomp). */
const shared = [
  { host: '/proc/sys/fs/inotify/max_user_instances', here: '/proc/sys/user/max_inotify_instances' },
  { host: '/proc/sys/fs/inotify/max_user_watches', here: '/proc/sys/user/max_inotify_watches' },
] as const;

/** A guest with systemd takes 16 instances, one with some services more. */
const enough = 96;

/** A quarter; where there is little, as much as one guest may need, as long as others have something left. */
export const shareOf = (total: number): number =>
  Math.max(Math.floor(total / 4), Math.min(enough, Math.floor((total * 3) / 4)));

/** Does nothing for root's daemon: there, each guest is a user of its own. Read anew at each start, as root may raise them. */
export function limitShares(log: (level: 'warning', message: string) => void): void {
  if (!ownNamespaces()) return;
  for (const { host, here } of shared) {
    const total = Number(readFileSync(host, 'utf8'));
    try {
      if (total > 0) writeFileSync(here, String(shareOf(total)));
    } catch (error) {
      // A container whose /proc/sys may only be read.
      log('warning', `one guest may use up ${host} for all: ${(error as Error).message}`);
    }
  }
}

/** The id that is to make the namespace of this guest (12 hexadecimal digits). */
export function chargedId({ base, size }: IdRange, guest: string): number {
  // A range that is no other guest's has ids of its own already.
  if (!ownNamespaces() || base !== 0) return base;
  // Not at the ends, where root, services of the host's packages and nobody are. Who shares one by chance shares the limit.
  return Math.floor(size / 2) + (Number.parseInt(guest, 16) % Math.max(1, Math.floor(size / 4)));
}
