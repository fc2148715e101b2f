/**
 * lxcfs: one process for all guests whose mount gives /proc/meminfo, uptime and the like their own values. It outlives
 * the daemon, because running guests read through it; the next daemon finds its mount again.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { HostError } from '../lib/host-error.ts';
import { createKeyedQueue } from '../lib/keyed-queue.ts';
import type { CgroupMounts } from './cgroup-mounts.ts';
import { joinGroups } from './join-groups.ts';
import { unmount } from './mount.ts';
import { listMounts } from './mount-points.ts';
import { asRootInside, asSelfInside, ownNamespaces } from './own-namespaces.ts';
import { spawnProgram } from './spawn.ts';

/** Where guests' groups are: what is below is what lxcfs knows limits of. */
type Groups = Pick<CgroupMounts, 'roots' | 'hierarchy'>;

/** Makes sure that lxcfs serves `directory`. Where it cannot run, guests see the host's values: the reason is returned. */
export async function ensureLxcfs(directory: string, groups: Groups): Promise<{ mounted: boolean; reason?: string }> {
  if (isLxcfsMounted(directory)) {
    if (answers(directory)) return { mounted: true };
    // Its process died: what is left refuses every access.
    unmount(directory);
  }
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const log = `${directory}.log`;
  try {
    return (await startLxcfs(directory, log, groups)) ? { mounted: true } : { mounted: false, reason: lastLine(log) };
  } catch (error) {
    return { mounted: false, reason: reasonOf(error) };
  }
}

/** True when lxcfs can be given to a new guest. One that was mounted and died is started again. */
export async function lxcfsServes(directory: string, groups: Groups): Promise<boolean> {
  if (!isLxcfsMounted(directory)) return false;
  if (await answersAside(directory)) return true;
  return (await restarts(directory, () => ensureLxcfs(directory, groups))).mounted;
}

/** Guests that start side by side find the same dead one. */
const restarts = createKeyedQueue();

/** Asked in another thread: this is done at every start, and a stuck one must not hold up all the others for ever. */
function answersAside(directory: string): Promise<boolean> {
  const answered = readdir(contentOf(directory)).then(
    () => true,
    () => false,
  );
  return Promise.race([answered, setTimeout(startMs, false, { ref: false })]);
}

/**
 * What is asked for: reading a file takes 4 s in a user namespace, because lxcfs looks for the init of who asks and may not
 * enter the host's process namespace. Guests' it may.
 */
const contentOf = (directory: string) => join(directory, 'proc');

/** lxcfs 5 stays in the foreground. False when it ends, or has not mounted after `startMs`. */
async function startLxcfs(directory: string, log: string, groups: Groups): Promise<boolean> {
  const output = openSync(log, 'w', 0o600);
  // -l: load averages of the guest.
  const args = ['-l', '--enable-cfs', '--enable-pidfd', '-p', `${directory}.pid`, directory];
  const { words, env } = ownNamespaces() ? inOwnNamespaces(directory, groups) : { words: [], env: {} };
  const [program = '', ...rest] = [...words, 'lxcfs', ...args];
  const lxcfs = spawnProgram(program, rest, { stdio: ['ignore', output, output], detached: true, env });
  closeSync(output);
  const ended = lxcfs.exited.then(() => true);
  for (let waitedMs = 0; waitedMs < startMs; waitedMs += stepMs) {
    if (isLxcfsMounted(directory) && answers(directory)) return true;
    if (await Promise.race([ended, setTimeout(stepMs, false)])) return false;
  }
  process.kill(lxcfs.pid, 'SIGKILL');
  return false;
}

/**
 * In a user namespace it cannot do what it does at its start: mount the control groups below /run, where an ordinary user may
 * not write, and bind `/`, whose mounts are locked. So it gets a cgroup namespace and a root of its own, put together
 * from the host's. Its mount is seen in the daemon's namespace because that one's stage is shared. On v2 it asks which
 * controllers there are below the group of process 1, whose path leads out of its cgroup namespace; it is told: the base.
 */
const makeRoom = `set -e
base=$1; shift
mount -t tmpfs -o mode=755,size=1m room /run
cd /run
mkdir run tmp var
for name in usr etc dev proc sys; do mkdir $name; mount --rbind /$name $name; done
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L /$name ]; then ln -s "$(readlink /$name)" $name; elif [ -d /$name ]; then mkdir $name; mount --rbind /$name $name; fi
done
if [ -n "$base" ]; then
  echo "$base" > base
  mount --bind base proc/1/cgroup
fi
exec chroot . "$@"`;

function inOwnNamespaces(directory: string, { roots, hierarchy }: Groups) {
  const room = ['sh', '-c', makeRoom, 'sh', hierarchy === undefined ? '' : '0::/', ...asSelfInside];
  const asRoot = ['setpriv', ...asRootInside];
  // v2: no process may be in the base any more. The launcher kept a namespace from the time when it was there.
  const kept = join(directory, '..', 'groups');
  const inBase = hierarchy === undefined ? ['unshare', '--cgroup'] : ['nsenter', `--cgroup=${kept}`];
  const words = [...asRoot, ...inBase, '--', 'unshare', '--mount', '--propagation=unchanged', '--', ...room];
  if (hierarchy !== undefined || roots.length === 0) return { words, env: {} };
  return joinGroups(roots, words);
}

const startMs = 5_000;
const stepMs = 5;

function lastLine(log: string): string {
  return `lxcfs did not mount: ${readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? ''}`;
}

/** Looks at the mount table only: a stuck file system must not hold us up. */
export function isLxcfsMounted(directory: string): boolean {
  return listMounts().some(({ path, type }) => path === directory && type === 'fuse.lxcfs');
}

/** Ends the lxcfs of a directory. No guest may use it any more. */
export function endLxcfs(directory: string): void {
  unmount(directory);
}

function answers(directory: string): boolean {
  try {
    return readdirSync(contentOf(directory)).length > 0;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof HostError)) throw error;
  return error.help === undefined ? error.message : `${error.message} (${error.help})`;
}
