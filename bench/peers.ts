/** Which peers are on this host, and what has to be told about each to run one of its own beside Gasthof. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export type PeerKind = {
  name: 'incus' | 'lxd';
  /** The daemon and its tool; absolute paths. */
  daemon: string;
  tool: string;
  /** Where the tool and the daemon look for their directories. */
  directoryVariable: string;
  configVariable: string;
  /** Arguments of the tool or the daemon (`program`) that read a preseed. */
  preseed: { program: 'daemon' | 'tool'; words: string[] };
  network: string;
};

/** A snap has its own root and namespaces: it cannot be started here with a directory of ours. */
const places = ['/usr/libexec/incus', '/opt/incus/bin', ...(process.env.PATH ?? '').split(delimiter)].filter(
  (place) => place !== '' && !place.startsWith('/snap'),
);

export function installedPeers(): PeerKind[] {
  return [
    found('incusd', 'incus', {
      name: 'incus',
      directoryVariable: 'INCUS_DIR',
      configVariable: 'INCUS_CONF',
      preseed: { program: 'tool', words: ['admin', 'init', '--preseed'] },
      network: 'bincusbr0',
    }),
    found('lxd', 'lxc', {
      name: 'lxd',
      directoryVariable: 'LXD_DIR',
      configVariable: 'LXD_CONF',
      preseed: { program: 'daemon', words: ['init', '--preseed'] },
      network: 'blxdbr0',
    }),
  ].filter((peer) => peer !== undefined);
}

function found(daemonName: string, toolName: string, rest: Omit<PeerKind, 'daemon' | 'tool'>): PeerKind | undefined {
  const daemon = program(daemonName);
  const tool = program(toolName);
  return daemon && tool ? { ...rest, daemon, tool } : undefined;
}

function program(name: string): string | undefined {
  return places
    .map((place) => join(place, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
