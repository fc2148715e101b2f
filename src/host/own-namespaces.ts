/**
 * Whether this daemon is an ordinary user's. Such a one lives in namespaces of its own (libexec/own-namespaces), holds all
 * capabilities in them, and has an id above those of all guests, so that ids on disk are the guests' own: what root's
 * daemon needs idmapped mounts for, the namespace does.
 */
import { readFileSync } from 'node:fs';
import { nobody } from '../core/ports/id-range.ts';

/** The user's own id inside; libexec/own-self says the same number. */
export const ownIdInside = 2_000_000_000;

export type OwnNamespaces = {
  /** The user's ids on the host. */
  uid: number;
  gid: number;
  /** Ids 0 to `ids - 1` inside are those that the system grants to this user. */
  ids: number;
  /** What ids inside are on the host, but for the user's own. */
  outside?: readonly Row[];
  /** A memory file system of these namespaces that everybody may pass. */
  place: string;
};

/**
 * Words for setpriv: some programs (mount, tar) do for root alone what they could do with capabilities. Inside, root is the
 * id of guests' roots; these programs are confined.
 */
export const asRootInside = ['--reuid=0', '--regid=0', '--clear-groups'];

/** Before a program that is to be root and is not confined in another way; root's daemon starts it as it is. */
export const beingRoot = (): string[] => (ownNamespaces() ? ['setpriv', ...asRootInside, '--'] : []);

/** And back from there, with all capabilities. */
export const asSelfInside = [
  ...['setpriv', `--reuid=${ownIdInside}`, `--regid=${ownIdInside}`, '--clear-groups'],
  ...['--inh-caps=+all', '--ambient-caps=+all', '--'],
];

type Row = { inside: number; outside: number; count: number };

let known: OwnNamespaces | undefined;

/** Undefined for root's daemon. */
export function ownNamespaces(): OwnNamespaces | undefined {
  if (process.getuid?.() !== ownIdInside) return undefined;
  // A map of ids is written once. Mounts ask for this, too.
  known ??= readNamespaces();
  return known;
}

/** What an id inside is on the host. */
export function outsideId({ outside = [] }: OwnNamespaces, id: number): number {
  const row = outside.find(({ inside, count }) => id >= inside && id < inside + count);
  return row === undefined ? id : row.outside + id - row.inside;
}

function readNamespaces(): OwnNamespaces {
  const [users, groups] = [idMap('uid_map'), idMap('gid_map')];
  const own = (rows: Row[]) => rows.find(({ inside }) => inside === ownIdInside)?.outside ?? ownIdInside;
  return {
    uid: own(users),
    gid: own(groups),
    ids: Math.min(granted(users), granted(groups)),
    outside: users.filter(({ inside }) => inside !== ownIdInside),
    place: '/sys/kernel/debug',
  };
}

function idMap(file: string): Row[] {
  return readFileSync(`/proc/self/${file}`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
      return { inside, outside, count };
    });
}

/** With few ids, nobody has a row of its own. */
const granted = (rows: Row[]) =>
  rows
    .filter(({ inside, count }) => inside !== ownIdInside && (inside !== nobody || count > 1))
    .reduce((total, { count }) => total + count, 0);
