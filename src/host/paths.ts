/** Every path below the state directory, and every name that has to differ between daemons on one host. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type OwnNamespaces, ownNamespaces } from './own-namespaces.ts';

export const defaultDirectory = '/var/lib/gasthof';

/** Ids from which guests get theirs. `shared`: all have the same range; root's daemon gives each its own. */
export type IdBlock = {
  base: number;
  ranges: number;
  size: number;
  shared: boolean;
  /** Which ids of the host they are, where this daemon sees others. */
  outside?: NonNullable<OwnNamespaces['outside']>;
};

export function statePaths(directory: string) {
  const own = ownNamespaces();
  const at = (...names: string[]) => join(directory, ...names);
  return {
    directory,
    socket: at('unix.socket'),
    ownersSocket: at('owners.socket'),
    state: at('gasthof.db'),
    run: at('run'),
    doorman: at('run', 'outside.socket'),
    bootId: at('run', 'boot-id'),
    namespaceMembers: at('run', 'mount-namespace.pid'),
    operations: at('run', 'operations'),
    mounts: at('run', 'mounts'),
    logs: at('logs'),
    execRecords: at('exec-output'),
    // The user that dnsmasq becomes cannot pass a home directory: the launcher shows it where everybody may pass.
    networks: own ? join(stageOf(own.place, directory), 'networks') : at('networks'),
    proxies: at('run', 'proxies'),
    relayLog: at('run', 'relay.log'),
    pools: at('pools'),
    images: at('images'),
    backups: at('backups'),
    cache: at('cache'),
    scratch: at('scratch'),
  };
}
export type StatePaths = ReturnType<typeof statePaths>;

/** Tells the daemons of a host from each other; libexec/own-namespaces makes the same of the directory. */
const tagOf = (directory: string) => createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 6);

const stageOf = (place: string, directory: string) => join(place, `gasthof-${tagOf(directory)}`);

/** Names of this daemon on the host, all made from its directory. `own`: of an ordinary user's daemon. */
export function hostNames(directory: string, own = ownNamespaces()) {
  const tag = tagOf(directory);
  const isDefault = realpathSync(directory) === defaultDirectory;
  return {
    tag,
    cgroupParent: `gasthof-${tag}`,
    /** For what must not outlive a boot of the host; passable for everybody. */
    stage: stageOf(own?.place ?? '/run', directory),
    linkTag: `gv${tag.slice(0, 4)}`,
    defaultNetwork: isDefault ? 'gastbr0' : `gast${tag}`,
    ...(own ? grantedIds(own) : idBlock(isDefault ? 0 : 1 + (Number.parseInt(tag, 16) % 7))),
  };
}

/**
 * 2047 ranges of 65536 ids for guests, and one for taking archives apart, in one of eight regions below 2^31: above what Debian gives to users in /etc/subuid (up to
 * 600100000) and above what Incus and LXD take for themselves (1000000 to 1001000000).
 */
function idBlock(region: number): Ids {
  const base = (8 + region) * 2 ** 27;
  const block = { base, ranges: 2047, size: rangeSize, shared: false };
  return { idBlock: block, unpackIdBase: base + 2047 * rangeSize };
}

/** Guests of an ordinary user stand on unshifted trees, which cannot be mapped there: all have the same ids. */
function grantedIds({ ids, outside }: OwnNamespaces): Ids {
  const block = {
    base: 0,
    ranges: Math.floor(ids / rangeSize),
    size: Math.min(ids, rangeSize),
    shared: true,
    ...(outside && { outside }),
  };
  return { idBlock: block, unpackIdBase: 0 };
}

type Ids = { idBlock: IdBlock; unpackIdBase: number };
const rangeSize = 65_536;
