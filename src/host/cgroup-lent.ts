/**
 * The parts of the control group hierarchies that an ordinary user may use: what systemd delegates to the user's own service
 * (v2), the group in which a login put the user, or a directory that the administrator made (v1).
 */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupMounts, findCgroupMounts } from './cgroup-mounts.ts';

/** What an administrator makes in a hierarchy for a user, and gives to that user. */
export const preparedGroup = (uid: number) => `gasthof-user-${uid}`;

/** The mounts, narrowed down to what is lent: roots and controllers are directories that this user may write to. */
export function findLentCgroups(uid: number, mounts: CgroupMounts = findCgroupMounts()): CgroupMounts {
  const lent = new Map<string, string>();
  for (const root of mounts.roots) {
    const base = ownGroups(mounts.kind === 'v2', root, uid).find(isLent);
    if (base !== undefined) lent.set(root, base);
  }
  const controllers = new Map(
    [...mounts.controllers].flatMap(([name, root]): [string, string][] => {
      const base = lent.get(root);
      return base === undefined ? [] : [[name, base]];
    }),
  );
  if (mounts.kind === 'v2') {
    const base = lent.get(mounts.roots[0] ?? '');
    if (base !== undefined) return { ...mounts, roots: [base], controllers: offered(base), plain: [] };
  }
  return { ...mounts, controllers, roots: [...lent.values()], plain: [] };
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
    return !existsSync(join(directory, 'cpuset.cpus')) || readFileSync(join(directory, 'cpuset.cpus')).length > 1;
  } catch {
    return false;
  }
}

/**
 * v2: a group gives controllers to those below it only while it has no processes of its own, so that all go to a group
 * beside the guests'.
 */
function offered(base: string): Map<string, string> {
  const beside = join(base, 'gasthofd');
  mkdirSync(beside, { recursive: true });
  for (const pid of readFileSync(join(base, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) move(beside, pid);
  const names = readFileSync(join(base, 'cgroup.controllers'), 'utf8').split(/\s+/).filter(Boolean);
  const enabled = names.filter((name) => enable(base, name));
  return new Map([...enabled, ''].map((name) => [name, base]));
}

function move(group: string, pid: string): void {
  try {
    writeFileSync(join(group, 'cgroup.procs'), pid);
  } catch {
    // It ended meanwhile.
  }
}

function enable(base: string, controller: string): boolean {
  try {
    writeFileSync(join(base, 'cgroup.subtree_control'), `+${controller}`);
    return true;
  } catch {
    return false;
  }
}
