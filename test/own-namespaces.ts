/**
 * The namespaces of a test daemon that an ordinary user runs (tools/as-user), seen from outside: the way to what it keeps in
 * memory, to its links and rules, and to files of guests, which belong to ids that are not the user's.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { OwnNamespaces } from '../src/host/own-namespaces.ts';
import { hostNames } from '../src/host/paths.ts';

/** Whether the tests run as an ordinary user, who may do on the host what everybody may. */
export const asUser = process.env.GASTHOF_TEST_AS === 'user';

/** What root of a guest is on the host. */
export const firstSubordinateId = (): number => Number(readFileSync('/etc/subuid', 'utf8').trim().split(':').at(-2));

/** A process in the namespaces of the daemon of this directory; undefined for root's and before the first start. */
export function namespaceMember(directory: string): number | undefined {
  if (!asUser) return undefined;
  const own = networkOf(process.pid);
  return members(directory).find((pid) => ![own, undefined].includes(networkOf(pid)));
}

/** The processes that do nothing but keep those namespaces. */
export function namespaceHolders(directory: string): number[] {
  if (!asUser) return [];
  return members(directory).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1') === 'sleep\0infinity\0';
    } catch {
      return false;
    }
  });
}

/** As the launcher finds them. */
function members(directory: string): number[] {
  try {
    const lines = readFileSync(join(directory, 'run/mount-namespace.pid'), 'utf8').trim().split('\n');
    return lines.map((line) => Number(line.split(' ')[0]));
  } catch {
    return [];
  }
}

function networkOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/** What stands before a path of the daemon's mount namespace to reach it from here. */
export const rootOf = (directory: string): string => `/proc/${namespaceMember(directory) ?? 'self'}/root`;

/** Makes the directory one of the guests' own: those of an ordinary user are others for the files of that user. */
export function giveToGuests(directory: string): void {
  if (!asUser) return;
  const words = ['--user', '--map-root-user', '--map-auto', '--', 'sh', '-c', 'chmod 777 "$0" && chown 1:1 "$0"'];
  execFileSync('unshare', [...words, directory]);
}

/** Words before a command that is to be run on the daemon's network, with the rights that root has there. */
export function insideWords(directory: string): string[] {
  const member = namespaceMember(directory);
  return member === undefined ? [] : ['nsenter', `--target=${member}`, '--user', '--net', '--'];
}

/** Runs a command there; root's daemon uses the network of the tests. */
export function runBeside(directory: string, words: readonly string[]): string {
  const [program = '', ...rest] = [...insideWords(directory), ...words];
  return execFileSync(program, rest, { encoding: 'utf8', stdio: 'pipe' });
}

/**
 * What the descriptors of a process stand for. That directory of a daemon which took a guest's id for a moment belongs to the
 * root of its namespace.
 */
export function openDescriptors(pid: number): string[] {
  const own = asUser ? ['nsenter', `--target=${pid}`, '--user', '--'] : [];
  const [program = '', ...words] = [...own, 'find', `/proc/${pid}/fd`, '-mindepth', '1', '-printf', '%l\\n'];
  // One may be closed while we look.
  return spawnSync(program, words, { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
}

/** `hostNames` of a test's daemon, whoever runs it. */
export function namesOf(directory: string): ReturnType<typeof hostNames> {
  if (!asUser) return hostNames(directory);
  return hostNames(directory, ownOf(rootOf(directory)));
}

const ownOf = (root: string): OwnNamespaces => ({
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  ids: 65_536,
  place: `${root}/sys/kernel/debug`,
});
