/**
 * What LXC takes from fixed places of the host, replaced for this mount namespace, so that nothing of the host is changed:
 * id ranges (a second range of root makes every start fail), the lxcfs hook (0.5 s of sleep at every stop), lock files.
 */
import { existsSync, globSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './sample.ts';

/** LXC leaves these groups behind on every hierarchy. */
const pivots = () => globSync(['/sys/fs/cgroup/lxc.pivot', '/sys/fs/cgroup/*/lxc.pivot']);
const locks = '/run/lxc';

export async function peerSurroundings(directory: string): Promise<AsyncDisposable> {
  const ids = join(directory, 'subid');
  const empty = join(directory, 'empty');
  const ownLocks = join(directory, 'locks');
  writeFileSync(ids, 'root:100000:10000001\n');
  mkdirSync(empty);
  mkdirSync(ownLocks);
  const earlier = new Set(pivots());
  const madeLocks = !existsSync(locks);
  if (madeLocks) mkdirSync(locks);
  const covered: string[] = [];
  for (const [from, to] of [
    [ids, '/etc/subuid'],
    [ids, '/etc/subgid'],
    [empty, '/usr/share/lxc/config/common.conf.d'],
    [ownLocks, locks],
  ] as const) {
    if (!existsSync(to)) continue;
    await runQuietly('mount', ['--bind', from, to]);
    covered.push(to);
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const path of covered) await runQuietly('umount', [path]);
      if (madeLocks) rmdirSync(locks);
      for (const path of pivots()) if (!earlier.has(path)) removeGroup(path);
    },
  };
}

function removeGroup(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody else's LXC has moved in meanwhile.
  }
}
