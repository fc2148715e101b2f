/**
 * What a new daemon must know to make the tables whole again: the specs of networks and of attached NICs, one file each.
 * The documents of the core are the truth; these files are about the host as it is.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkSpec, NicSpec } from '../../core/ports/network.ts';
import { HostError } from '../../lib/host-error.ts';
import type { DnsmasqPaths } from '../dnsmasq/config.ts';
import { checkNetworkSpec, checkNicSpec } from './spec-check.ts';

/** `half`: admitted, and not attached as far as its file knows. */
export type KnownNic = NicSpec & { half?: boolean };

export type NetworkFiles = {
  networks: NetworkSpec[];
  nics: KnownNic[];
  saveNetwork(spec: NetworkSpec): Promise<void>;
  dropNetwork(name: string): Promise<void>;
  saveNic(nic: KnownNic): Promise<void>;
  dropNic(hostName: string): Promise<void>;
  /** Makes the network's folders and names its files. */
  dnsmasqPaths(network: string): DnsmasqPaths;
};

export function openNetworkFiles(stateDirectory: string): NetworkFiles {
  const networksFolder = makeFolder(join(stateDirectory, 'networks'));
  const nicsFolder = makeFolder(join(stateDirectory, 'nics'));
  sweepHalfWritten(stateDirectory);
  const specPath = (name: string) => join(networksFolder, name, 'spec.json');
  const nicPath = (hostName: string) => join(nicsFolder, `${hostName}.json`);
  return {
    networks: list(networksFolder).flatMap((name) => read(specPath(name), checkNetworkSpec)),
    nics: list(nicsFolder).flatMap((file) => read(join(nicsFolder, file), checkNicSpec)),
    async saveNetwork(spec) {
      makeFolder(join(networksFolder, spec.name));
      await replace(specPath(spec.name), spec);
    },
    dropNetwork: (name) => rm(join(networksFolder, name), { recursive: true, force: true }),
    saveNic: (nic) => replace(nicPath(nic.hostName), nic),
    dropNic: (hostName) => rm(nicPath(hostName), { force: true }),
    dnsmasqPaths(network) {
      const folder = makeFolder(join(networksFolder, network));
      return {
        config: join(folder, 'dnsmasq.conf'),
        pid: join(folder, 'dnsmasq.pid'),
        leases: join(folder, 'dnsmasq.leases'),
        hosts: makeFolder(join(folder, 'hosts.d')),
        names: makeFolder(join(folder, 'names.d')),
      };
    },
  };
}

/** Open to everybody's eyes whatever the umask is: dnsmasq reads here without being root. */
function makeFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o755);
  return path;
}

/** Every file in here gets its name by a rename; one that still begins with a dot belonged to a daemon that was killed. */
function sweepHalfWritten(directory: string): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && entry.name.startsWith('.')) rmSync(join(entry.parentPath, entry.name), { force: true });
}

function list(folder: string): string[] {
  return readdirSync(folder).filter((entry) => !entry.startsWith('.'));
}

/** Nothing when the file is not there: the network was dropped half-way, or its folder made and nothing more. */
function read<T>(path: string, check: (value: T) => void): T[] {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as T;
    check(value);
    return [value];
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new HostError(`${path} is damaged: ${(cause as Error).message}`, {
      cause,
      help: 'remove this file: networks are written anew from the configuration, NICs when their guest restarts',
    });
  }
}

async function replace(path: string, value: unknown): Promise<void> {
  const aside = path.replace(/([^/]+)$/, '.$1.new');
  await writeFile(aside, JSON.stringify(value), { mode: 0o600 });
  await rename(aside, path);
}
