/** Finds the control group hierarchies of this mount namespace: controller name -> mount point. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type CgroupMounts = {
  kind: 'v1' | 'hybrid' | 'v2';
  /** Controllers (v2: those of the one hierarchy; v1: also `name=systemd`) and where they live. */
  controllers: Map<string, string>;
  /** Every hierarchy once. */
  roots: string[];
  /** Ordinary directories that crun takes for a hierarchy. */
  plain: string[];
  /** Controllers that the v2 hierarchy of a hybrid host still has: crun 1.8 refuses to run beside them. */
  stranded: string[];
  /** v2: where the whole hierarchy is, when `roots` is a part of it that is lent to an ordinary user. */
  hierarchy?: string;
};

export function findCgroupMounts(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): CgroupMounts {
  const v1 = new Map<string, string>();
  const roots: string[] = [];
  let unified: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const mountPoint = left.split(' ')[4] ?? '';
    const [type, , options = ''] = right.split(' ');
    // The table also lists mounts that another one covers.
    if (type === 'cgroup2' && existsSync(join(mountPoint, 'cgroup.controllers'))) unified = mountPoint;
    if (type !== 'cgroup') continue;
    roots.push(mountPoint);
    for (const option of options.split(',')) if (!flags.has(option)) v1.set(option, mountPoint);
  }
  const controllersOfUnified = unified === undefined ? [] : readControllers(unified);
  if (v1.size > 0) {
    const kind = unified === undefined ? 'v1' : 'hybrid';
    // crun 1.8 makes plain directories here when the v2 mount of a hybrid host is hidden from it: they are cleared, too.
    const hidden = join(dirname(roots[0] ?? '/'), 'unified');
    const plain = existsSync(hidden) && !roots.includes(hidden) && hidden !== unified ? [hidden] : [];
    return { kind, controllers: v1, roots: [...new Set(roots)], plain, stranded: controllersOfUnified };
  }
  const root = unified ?? '/sys/fs/cgroup';
  const controllers = new Map(controllersOfUnified.map((name) => [name, root]));
  return { kind: 'v2', controllers: controllers.set('', root), roots: [root], plain: [], stranded: [] };
}

/** Options of a v1 mount that are not controllers. */
const flags = new Set(['rw', 'ro', 'xattr', 'noprefix', 'clone_children', 'cpuset_v2_mode', 'favordynmods']);

function readControllers(root: string): string[] {
  try {
    return readFileSync(join(root, 'cgroup.controllers'), 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}
