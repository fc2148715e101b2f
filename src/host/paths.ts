/** Every path below the state directory, and every name that has to differ between daemons on one host. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';

export const defaultDirectory = '/var/lib/gasthof';

export function statePaths(directory: string) {
  const at = (...names: string[]) => join(directory, ...names);
  return {
    directory,
    socket: at('unix.socket'),
    state: at('gasthof.db'),
    run: at('run'),
    bootId: at('run', 'boot-id'),
    namespaceMembers: at('run', 'mount-namespace.pid'),
    operations: at('run', 'operations'),
    mounts: at('run', 'mounts'),
    logs: at('logs'),
    execRecords: at('exec-output'),
    networks: at('networks'),
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

/** Names of this daemon on the host, all made from its directory. */
export function hostNames(directory: string) {
  const own = realpathSync(directory);
  const tag = createHash('sha256').update(own).digest('hex').slice(0, 6);
  const isDefault = own === defaultDirectory;
  return {
    tag,
    cgroupParent: `gasthof-${tag}`,
    /** For what must not outlive a boot of the host; passable for everybody. */
    stage: `/run/gasthof-${tag}`,
    linkTag: `gv${tag.slice(0, 4)}`,
    defaultNetwork: isDefault ? 'gastbr0' : `gast${tag}`,
    ...idBlock(isDefault ? 0 : 1 + (Number.parseInt(tag, 16) % 7)),
  };
}

/**
 * 2047 ranges of 65536 ids for guests, and one for taking archives apart, in one of eight regions below 2^31: above what Debian gives to users in /etc/subuid (up to
 * 600100000) and above what Incus and LXD take for themselves (1000000 to 1001000000).
 */
function idBlock(region: number) {
  const base = (8 + region) * 2 ** 27;
  return { idBlock: { base, ranges: 2047 }, unpackIdBase: base + 2047 * 65_536 };
}
