/**
 * What a test must leave as it found it. `laboratoryState` is looked at inside a laboratory, where all belongs to one test
 * file; `machineState` outside, where laboratories share cgroups, loop devices and files.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export type State = Set<string>;

export function laboratoryState(): State {
  return new Set([...mounts(), ...links(), ...nftTables(), ...processes(), ...deviceNodes()]);
}

export function machineState(testDirectory: string): State {
  return new Set([
    ...mounts(),
    ...links(),
    ...deviceNodes(),
    ...networkNamespaces(),
    ...cgroups(),
    ...loopDevices(),
    ...files(testDirectory),
  ]);
}

/** Entries of `after` that `before` did not have, and the other way round. */
export function difference(before: State, after: State): string[] {
  const left = [...after].filter((item) => !before.has(item)).map((item) => `left behind: ${item}`);
  const lost = [...before].filter((item) => !after.has(item)).map((item) => `taken away: ${item}`);
  return [...left, ...lost];
}

function mounts(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  return lines.map((line) => `mount ${line.split(' ')[4]} (${line.split(' - ')[1]?.split(' ')[0]})`);
}

/** The nodes that every program needs, with their owners and modes. */
function deviceNodes(): string[] {
  return ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx'].map((name) => {
    const { uid, gid, mode } = statSync(`/dev/${name}`);
    return `node /dev/${name} of ${uid}:${gid}, mode ${mode.toString(8)}`;
  });
}

function links(): string[] {
  return readdirSync('/sys/class/net').map((name) => `link ${name}`);
}

function networkNamespaces(): string[] {
  return listed('/run/netns').map((name) => `network namespace ${name}`);
}

function nftTables(): string[] {
  const { stdout } = spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' });
  return (stdout ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => `nft ${line}`);
}

/** Process 1 is the laboratory's shell; kernel threads are not visible there. */
function processes(): string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== '1' && Number(name) !== process.pid);
  return ids.flatMap((id) => {
    try {
      if (/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${id}/stat`, 'utf8'))) return [];
      return [`process ${id}: ${readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()}`];
    } catch {
      return [];
    }
  });
}

/** Directories named gasthof* in any hierarchy that no living process is in; another run's guests have processes. */
function cgroups(): string[] {
  const top = '/sys/fs/cgroup';
  const hierarchies = existsSync(join(top, 'cgroup.controllers')) ? [top] : listed(top).map((name) => join(top, name));
  return hierarchies.flatMap((hierarchy) =>
    listed(hierarchy)
      .filter((name) => name.startsWith('gasthof'))
      .map((name) => join(hierarchy, name))
      .filter((path) => !isPopulated(path))
      .map((path) => `cgroup ${path}`),
  );
}

function isPopulated(path: string): boolean {
  try {
    if (readFileSync(join(path, 'cgroup.procs'), 'utf8') !== '') return true;
  } catch {
    return false;
  }
  return readdirSync(path, { withFileTypes: true }).some(
    (one) => one.isDirectory() && isPopulated(join(path, one.name)),
  );
}

function loopDevices(): string[] {
  return listed('/sys/block')
    .filter((name) => existsSync(`/sys/block/${name}/loop/backing_file`))
    .map((name) => `loop device ${name} of ${readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim()}`);
}

function files(directory: string): string[] {
  return listed(directory).map((name) => `file ${join(directory, name)}`);
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
