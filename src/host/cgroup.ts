/**
 * Control groups of guests, one below `parent` per guest in every hierarchy: limits, counters, freezing, delegation,
 * killing, removal. Reads and writes the kernel's files on demand; nothing runs while nobody asks.
 */
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Limits, Usage } from '../core/ports/engine.ts';
import { HostError } from '../lib/host-error.ts';
import { readText, writeText } from './cgroup-files.ts';
import { groupFreezer, processFreezer } from './cgroup-freezer.ts';
import { type CgroupLayout, cgroupV1, cgroupV2 } from './cgroup-layout.ts';
import { usableCgroups } from './cgroup-lent.ts';
import { askedFor, hostFacts, inWritableOrder, refusal, withPath, writeAll } from './cgroup-limits.ts';
import type { CgroupMounts } from './cgroup-mounts.ts';
import { killCgroup, listCgroupPids, removeCgroup } from './cgroup-tree.ts';
import { readUsage, withoutGroups } from './cgroup-usage.ts';
import { processesBeside, usageBeside } from './guest-processes.ts';
import { ownNamespaces } from './own-namespaces.ts';

export type Cgroups = {
  readonly kind: CgroupMounts['kind'];
  readonly stranded: string[];
  readonly mounts: CgroupMounts;
  /** The path to give to an OCI runtime. */
  path(id: string): string;
  /**
   * Makes the group where the runtime does not: in hierarchies lent to an ordinary user. Returns the directories whose
   * `cgroup.procs` its processes have to join.
   */
  prepare(id: string): string[];
  /** The same in every mode, for guests that no runtime puts into groups. */
  make(id: string): string[];
  /** The directories that a further process of a running guest has to join, where the runtime does not do it. */
  entrances(id: string): string[];
  /** Whether a guest's init may divide its group further, as systemd has to. */
  readonly isDivisible: boolean;
  exists(id: string): boolean;
  /** Why these limits cannot be had here, undefined when they can. */
  refusal(limits: Limits, id: string): string | undefined;
  /** Makes exactly these limits hold, or changes nothing and throws. */
  apply(id: string, limits: Limits): void;
  /**
   * Lets a guest open a device (`c 10:229`) or no longer. False where the host has no such file (v2, where a program of
   * the kernel decides): then it is the runtime's work.
   */
  setDevice(id: string, device: string, allow: boolean): boolean;
  usage(id: string): Usage;
  freeze(id: string): Promise<void>;
  thaw(id: string): Promise<void>;
  isFrozen(id: string): boolean;
  /** Lets the guest's root (as host id) divide its group further. */
  delegate(id: string, owner: number): void;
  pids(id: string): number[];
  /** SIGKILL to everything inside, frozen or not; resolves when nothing is left. */
  killAll(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Ids that have a group in any hierarchy. */
  list(): string[];
  /** Removes the common parent when it is empty. */
  removeParent(): Promise<void>;
};

/** `initOf`: pid of a guest's init, by which its processes are found where no group holds them. */
export function openCgroups(
  parent: string,
  mounts: CgroupMounts = usableCgroups(),
  initOf: (id: string) => number | undefined = () => undefined,
): Cgroups {
  const layout: CgroupLayout = mounts.kind === 'v2' ? cgroupV2 : cgroupV1;
  const directory = (controller: string, id: string) => {
    const root = mounts.controllers.get(controller);
    return root === undefined ? undefined : join(root, parent, id);
  };
  const directories = (id: string) => mounts.roots.map((root) => join(root, parent, id));
  const read = (id: string, controller: string, file: string) => readText(directory(controller, id), file);
  const facts = (limits: Limits, id: string) => hostFacts(mounts, limits, id);
  const isCounted = mounts.controllers.has('memory') || mounts.controllers.has('pids');
  const freezerRoot = mounts.controllers.get(layout.freezer.controller);
  const freezer =
    freezerRoot === undefined
      ? processFreezer(initOf)
      : groupFreezer(layout.freezer, (id) => join(freezerRoot, parent, id));
  // Guests can make groups of their own only where they are delegated; any other hierarchy has all pids in one file.
  const main = ['freezer', 'pids', 'memory', 'cpu'].find((name) => mounts.controllers.has(name)) ?? '';

  return {
    kind: mounts.kind,
    stranded: mounts.stranded,
    mounts,
    path: (id) => `/${parent}/${id}`,
    prepare: (id) => (ownNamespaces() ? make(id) : []),
    make,
    entrances(id) {
      if (!ownNamespaces()) return [];
      const init = mounts.hierarchy === undefined ? undefined : initOf(id);
      if (init !== undefined && mounts.hierarchy !== undefined) return groupOf(init, mounts.hierarchy);
      return directories(id).filter((path) => existsSync(path));
    },
    isDivisible: mounts.controllers.has(layout.delegated.controller),
    exists: (id) => directories(id).some((path) => existsSync(path)),
    refusal: (limits, id) => refusal(layout, mounts, limits, facts(limits, id)),
    apply(id, limits) {
      const reason = refusal(layout, mounts, limits, facts(limits, id));
      if (reason !== undefined) throw new HostError(reason);
      refuseBelowUsage(id, limits);
      const files = layout
        .limitFiles(limits, facts(limits, id))
        .map((row) => askedFor(row, limits))
        .flatMap((row) => withPath(row, directory(row.controller, id)));
      writeAll(inWritableOrder(files));
    },
    setDevice(id, device, allow) {
      const path = directory('devices', id);
      const file = path === undefined ? undefined : join(path, allow ? 'devices.allow' : 'devices.deny');
      if (file === undefined || !existsSync(file)) return mounts.kind !== 'v2';
      writeText(file, `${device} rw${allow ? '' : 'm'}`);
      return true;
    },
    usage(id) {
      const init = isCounted ? undefined : initOf(id);
      if (init !== undefined) return withoutGroups(usageBeside(init));
      return readUsage(layout, (controller, file) => read(id, controller, file), id);
    },
    freeze: freezer.freeze,
    thaw: freezer.thaw,
    isFrozen: freezer.isFrozen,
    delegate(id, owner) {
      const path = directory(layout.delegated.controller, id);
      if (path === undefined) return;
      for (const file of layout.delegated.files) {
        if (existsSync(join(path, file))) chownSync(join(path, file), owner, owner);
      }
    },
    pids(id) {
      const path = directory(main, id) ?? directories(id)[0];
      return path === undefined ? processesBeside(initOf(id) ?? -1) : listCgroupPids(path);
    },
    async killAll(id) {
      freezer.release(id);
      for (const path of directories(id)) await killCgroup(path);
    },
    async remove(id) {
      for (const path of directories(id)) await removeCgroup(path);
      for (const root of mounts.plain) rmSync(join(root, parent, id), { recursive: true, force: true });
    },
    list() {
      const ids = new Set<string>();
      for (const path of directories('')) for (const name of subdirectories(path)) ids.add(name);
      return [...ids];
    },
    async removeParent() {
      for (const path of directories('')) if (subdirectories(path).length === 0) await removeCgroup(path);
      for (const root of mounts.plain)
        if (subdirectories(join(root, parent)).length === 0)
          rmSync(join(root, parent), { recursive: true, force: true });
    },
  };

  function make(id: string): string[] {
    for (const path of directories(id)) makeGroup(path);
    return directories(id);
  }

  /** v2 would kill inside instead of refusing; what is more than page cache cannot be given back. */
  function refuseBelowUsage(id: string, limits: Limits) {
    if (limits.memoryBytes === undefined) return;
    const { current, stat } = layout.counters.memory;
    const used = Number(read(id, 'memory', current) ?? 0);
    const needed = used - layout.counters.cache(read(id, 'memory', stat) ?? '');
    if (needed <= limits.memoryBytes) return;
    throw new HostError(`limits.memory: ${limits.memoryBytes} bytes is less than the ${needed} bytes in use`, {
      errno: 'EBUSY',
      help: 'stop something inside the guest first, or choose a higher limit',
    });
  }
}

/** v2: nothing joins a group that has been divided, so that others go where init is. */
function groupOf(init: number, hierarchy: string): string[] {
  const path = /^0::(.*)$/m.exec(readText(`/proc/${init}`, 'cgroup') ?? '')?.[1];
  return path === undefined ? [] : [join(hierarchy, path)];
}

/** The group and the one above it. On v1 nothing may join a group before it has CPUs and memory nodes. */
function makeGroup(path: string): void {
  for (const directory of [dirname(path), path]) {
    mkdirSync(directory, { recursive: true });
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (readText(directory, file)?.trim() !== '') continue;
      writeText(join(directory, file), readText(dirname(directory), file)?.trim() ?? '');
    }
    // v2: what the base offers is passed on.
    const offers = readText(directory, 'cgroup.controllers')?.trim();
    if (offers && directory !== path)
      writeText(join(directory, 'cgroup.subtree_control'), offers.replace(/\w+/g, '+$&'));
  }
}

function subdirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}
