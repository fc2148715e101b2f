/**
 * A census of everything that a daemon makes on a host, to be compared before and after: mounts in every mount namespace,
 * namespaces, links, nft rules, processes, control groups, loop devices and files. Run inside the laboratory, which
 * belongs to one test file. Numbers that change by themselves (pids, handles, counters) are left out.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { asUser, namesOf, rootOf, runBeside } from './own-namespaces.ts';

/** What there is, and how often. */
export type Census = Map<string, number>;
type Owner = { directory: string; pid: number };

/** Removals go on in the background for a moment, and a supervisor ends after its guest. */
const patienceMs = 20_000;

export function census(owner: Owner): Census {
  const { stage, cgroupParent } = namesOf(owner.directory);
  const found: Census = new Map();
  const all = [
    ...processes(owner),
    ...controlGroups(cgroupParent),
    ...readdirSync(`${rootOf(owner.directory)}/sys/class/net`).map((name) => `link ${name}`),
    ...nftRules(owner.directory),
    ...loopDevices(owner.directory),
    ...files(owner.directory),
    // A user's stage is seen through one of the processes that have it mounted.
    ...files(stage).map((item) => item.replace(stage, basename(stage))),
  ];
  for (const item of all) found.set(item, (found.get(item) ?? 0) + 1);
  return found;
}

/** The census once nothing changes any more: what came before may still be on its way out. */
export async function settledCensus(owner: Owner): Promise<Census> {
  const deadline = Date.now() + patienceMs;
  for (let last = census(owner); ; ) {
    await setTimeout(300);
    const now = census(owner);
    if (difference(last, now).length === 0 || Date.now() > deadline) return now;
    last = now;
  }
}

/** Waits until the census is what it was; fails with the difference when it does not become so. */
export async function assertSameCensus(before: Census, owner: Owner, when: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = difference(before, census(owner));
    if (found.length === 0) return;
    if (Date.now() > deadline) assert.fail(`${when}:\n${found.join('\n')}`);
    await setTimeout(100);
  }
}

export function difference(before: Census, after: Census): string[] {
  const lines: string[] = [];
  for (const item of new Set([...before.keys(), ...after.keys()])) {
    const change = (after.get(item) ?? 0) - (before.get(item) ?? 0);
    const times = Math.abs(change) > 1 ? ` (${Math.abs(change)} times)` : '';
    if (change > 0) lines.push(`left behind: ${item}${times}`);
    if (change < 0) lines.push(`taken away: ${item}${times}`);
  }
  return lines.sort();
}

/** Processes by their command lines, and the namespaces that they hold open, each with its mounts. */
function processes(owner: Owner): string[] {
  const mountNamespaces = new Map<string, string[]>();
  const others = { net: new Set<string>(), user: new Set<string>(), pid: new Set<string>() };
  const commands: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      if (/^\d+ \(.*\) [ZX]/s.test(stat)) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const mountNamespace = readlinkSync(`/proc/${pid}/ns/mnt`);
      const mounts = mountsOf(pid);
      const namespaces = Object.entries(others).map(
        ([kind, known]) => [known, readlinkSync(`/proc/${pid}/ns/${kind}`)] as const,
      );
      for (const [known, namespace] of namespaces) known.add(namespace);
      if (!mountNamespaces.has(mountNamespace)) mountNamespaces.set(mountNamespace, mounts);
      // Ourselves, what we start, and the shell of the laboratory are not the daemon's.
      if (!isOurOwn(Number(pid), stat)) commands.push(`process ${Number(pid) === owner.pid ? 'gasthofd' : command}`);
    } catch {
      // It ended while we looked.
    }
  }
  return [
    ...commands,
    ...[...mountNamespaces.values()].flat(),
    ...Object.entries(others).map(([kind, known]) => `${known.size} ${kind} namespaces`),
    `${mountNamespaces.size} mount namespaces`,
  ];
}

function isOurOwn(pid: number, stat: string): boolean {
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  if (pid === 1 || pid === process.pid || pid === process.ppid) return true;
  return parent === process.pid && !/gasthofd|node/.test(stat);
}

function mountsOf(pid: string): string[] {
  const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
  return lines.map((line) => `mount ${line.split(' ')[4]} (${line.split(' - ')[1]?.split(' ')[0]})`);
}

/** Directories below the daemon's own group, in every hierarchy; an ordinary user's is below what tools/as-user lends. */
function controlGroups(parent: string): string[] {
  const top = '/sys/fs/cgroup';
  const hierarchies = existsSync(join(top, 'cgroup.controllers'))
    ? [top]
    : readdirSync(top).map((name) => join(top, name));
  const lent = `gasthof-user-${process.getuid?.()}`;
  const parents = hierarchies.map((hierarchy) => join(hierarchy, ...(asUser ? [lent] : []), parent));
  return parents.flatMap((path) => directories(path).map((found) => `cgroup ${found}`));
}

function directories(path: string): string[] {
  try {
    const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [path, ...below.flatMap((entry) => directories(join(path, entry.name)))];
  } catch {
    return [];
  }
}

/** All rules and set elements, without counters. */
function nftRules(directory: string): string[] {
  const text = runBeside(directory, ['nft', '-s', 'list', 'ruleset']);
  // Elements stand many in a line.
  const parts = text.split(/[\n,]/).map((part) => part.replace(/elements = \{|\}/g, '').trim());
  return parts.flatMap((part) => (part === '' ? [] : [`nft ${part}`]));
}

/** Loop devices belong to the whole machine: only those of our own files count. */
function loopDevices(directory: string): string[] {
  return readdirSync('/sys/block')
    .map((name) => `/sys/block/${name}/loop/backing_file`)
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8').trim())
    .filter((file) => file.startsWith(`${directory}/`))
    .map((file) => `loop device of ${file}`);
}

/** Content of guests and images is their own; the state file grows and shrinks, and mount points lead elsewhere. */
const closed = [/^pools\/[^/]+\/(images|volumes)\/[^/]+$/, /^pools\/[^/]+\/snapshots\/[^/]+\/[^/]+$/, /^lxcfs$/];
const ignored = /^(test\.log|kill-at|steps|gasthof\.db.*|stage\/.*\/.*)$/;

function files(top: string): string[] {
  const device = statSync(top, { throwIfNoEntry: false })?.dev;
  const walk = (directory: string): string[] => {
    const here = relative(top, directory);
    if (closed.some((pattern) => pattern.test(here))) return [];
    try {
      if (statSync(directory).dev !== device) return [];
      return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
        const path = join(directory, entry.name);
        if (ignored.test(relative(top, path))) return [];
        return [`file ${path}`, ...(entry.isDirectory() ? walk(path) : [])];
      });
    } catch {
      return [];
    }
  };
  return walk(top);
}
