/**
 * The parts of the control group hierarchies that an ordinary user may use: what systemd delegates to the user's own scope
 * or service, the group in which a login put the user, or a directory that the administrator made (v1).
 */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupMounts, findCgroupMounts } from './cgroup-mounts.ts';
import { ownNamespaces } from './own-namespaces.ts';

/** What an administrator makes in a hierarchy for a user, and gives to that user. */
export const preparedGroup = (uid: number) => `gasthof-user-${uid}`;

/** The host's hierarchies for root's daemon; what is lent of them to any other, as it was first found. */
export function usableCgroups(memory?: string): CgroupMounts {
  const own = ownNamespaces();
  return own ? findLentCgroups(own.uid, findCgroupMounts(), memory) : findCgroupMounts();
}

/**
 * The mounts, narrowed down to what is lent: roots and controllers are directories that this user may write to. `memory`: a
 * file that keeps which ones they are, so that a later daemon finds running guests' groups, wherever it was started.
 */
export function findLentCgroups(uid: number, mounts: CgroupMounts, memory?: string): CgroupMounts {
  const isV2 = mounts.kind === 'v2';
  const kept = recall(memory);
  const lent = new Map<string, string>();
  for (const root of mounts.roots) {
    const places = [kept[root] ?? [], ownGroups(isV2, root, uid)].flat();
    const base = places.find((place) => isLent(place) && (!isV2 || moveBeside(place)));
    if (base !== undefined) lent.set(root, base);
  }
  if (memory !== undefined) remember(memory, Object.fromEntries(lent));
  const controllers = new Map(
    [...mounts.controllers].flatMap(([name, root]): [string, string][] => {
      const base = lent.get(root);
      // Guests have a place there, or they would see the groups of all others. But only root may say which devices are
      // allowed; nodes that others make do not open anyway.
      return base === undefined || name === 'devices' ? [] : [[name, base]];
    }),
  );
  const narrowed = { ...mounts, controllers, roots: [...lent.values()], plain: [] };
  const [hierarchy = ''] = mounts.roots;
  const base = lent.get(hierarchy);
  return isV2 && base !== undefined ? { ...narrowed, controllers: offered(base), hierarchy } : narrowed;
}

function recall(memory: string | undefined): Record<string, string> {
  if (memory === undefined || !existsSync(memory)) return {};
  return JSON.parse(readFileSync(memory, 'utf8')) as Record<string, string>;
}

function remember(memory: string, lent: Record<string, string>): void {
  writeFileSync(`${memory}.new`, JSON.stringify(lent));
  renameSync(`${memory}.new`, memory);
}

/** Where the user's groups may be, the best first. */
function ownGroups(isV2: boolean, root: string, uid: number): string[] {
  const prepared = join(root, preparedGroup(uid));
  const names = new Set(root.split('/').at(-1)?.split(','));
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [number, controllers = '', ...path] = line.split(':');
    const isThis = isV2 ? number === '0' : controllers.split(',').some((name) => names.has(name.replace('name=', '')));
    // The daemon itself goes to a group below, where it must not be taken for the base.
    if (isThis) return [prepared, join(root, path.join(':').replace(/\/gasthofd$/, ''))];
  }
  return [prepared];
}

function isLent(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    accessSync(join(directory, 'cgroup.procs'), constants.W_OK);
    // v1: nobody can join a group below one that has no CPUs. (v2: empty means those of the group above.)
    const cpus = join(directory, 'cpuset.cpus');
    return existsSync(join(directory, 'cgroup.events')) || !existsSync(cpus) || readFileSync(cpus).length > 1;
  } catch {
    return false;
  }
}

/**
 * v2: a group gives controllers to those below it only while it has no processes of its own, so that all go to a group
 * beside the guests'. False when this process cannot go there: then its guests could not either (the kernel wants the
 * right to write to the group that both places have above them).
 */
function moveBeside(base: string): boolean {
  const beside = join(base, 'gasthofd');
  try {
    mkdirSync(beside, { recursive: true });
    writeFileSync(join(beside, 'cgroup.procs'), String(process.pid));
  } catch {
    return false;
  }
  for (const pid of readFileSync(join(base, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) move(beside, pid);
  return true;
}

function move(group: string, pid: string): void {
  try {
    writeFileSync(join(group, 'cgroup.procs'), pid);
  } catch {
    // It ended meanwhile.
  }
}

/** v2: the controllers that the base can pass on. */
function offered(base: string): Map<string, string> {
  const names = readFileSync(join(base, 'cgroup.controllers'), 'utf8').split(/\s+/).filter(Boolean);
  const enabled = names.filter((name) => enable(base, name));
  return new Map([...enabled, ''].map((name) => [name, base]));
}

function enable(base: string, controller: string): boolean {
  try {
    writeFileSync(join(base, 'cgroup.subtree_control'), `+${controller}`);
    return true;
  } catch {
    return false;
  }
}
