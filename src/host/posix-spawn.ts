/**
 * Starting processes by posix_spawn(3). Node forks: the kernel then copies the page tables of the whole daemon, which
 * costs 5 to 8 ms of standing still for each child, where this call costs less than one. Ends are learned by SIGCHLD;
 * Node itself waits only for children of its own.
 */
import { HostError } from '../lib/host-error.ts';
import { errnoOf, libc } from './libc.ts';

const spawnNative = libc.func(
  'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
);
const actionsInit = libc.func('int posix_spawn_file_actions_init(void *actions)');
const actionsDestroy = libc.func('int posix_spawn_file_actions_destroy(void *actions)');
const actionsDup = libc.func('int posix_spawn_file_actions_adddup2(void *actions, int from, int to)');
const actionsOpen = libc.func(
  'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, uint mode)',
);
const actionsChdir = libc.func('int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)');
const actionsCloseFrom = libc.func('int posix_spawn_file_actions_addclosefrom_np(void *actions, int from)');
const attributesInit = libc.func('int posix_spawnattr_init(void *attributes)');
const attributesFlags = libc.func('int posix_spawnattr_setflags(void *attributes, short flags)');
const attributesDefaults = libc.func('int posix_spawnattr_setsigdefault(void *attributes, void *signals)');
const attributesMask = libc.func('int posix_spawnattr_setsigmask(void *attributes, void *signals)');
const waitNative = libc.func('int waitpid(int pid, _Out_ int *status, int options)');

/** Larger than glibc's structures (80, 336 and 128 bytes) on every architecture. */
const structureBytes = 512;
/** 64 signals. */
const signalSetBytes = 8;
const flags = { setSignalDefaults: 0x04, setSignalMask: 0x08, setSession: 0x80 };
const readWrite = 2;
const noHang = 1;

export type ChildPlan = {
  path: string;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Descriptors of ours that become 0, 1, 2 ... of the child; undefined is /dev/null. All others are closed. */
  descriptors: readonly (number | undefined)[];
  /** Its own session: signals to our process group do not reach it. */
  session: boolean;
};

/** A wait status as exit code, 128+n for an end by signal n. */
export type ChildEnd = { exitCode: number; signal: number | undefined };

const waiting = new Map<number, (end: ChildEnd) => void>();
let listening = false;

/** Starts the process; it runs when this returns. `onEnd` is called once. Returns its pid. */
export function startChild(plan: ChildPlan, onEnd: (end: ChildEnd) => void): number {
  // Before the first child, for good: one that ends at once must not end unheard.
  if (!listening) process.on('SIGCHLD', reap);
  listening = true;
  const actions = Buffer.alloc(structureBytes);
  actionsInit(actions);
  try {
    for (const [to, from] of plan.descriptors.entries()) {
      // Replacing a descriptor that a later one is to be made from would mix them up.
      if (from !== undefined && from < plan.descriptors.length && from !== to)
        throw new HostError(`cannot hand descriptor ${from} over as ${to}`);
      if (from === undefined) actionsOpen(actions, to, '/dev/null', readWrite, 0);
      else actionsDup(actions, from, to);
    }
    actionsCloseFrom(actions, plan.descriptors.length);
    actionsChdir(actions, plan.cwd);
    const env = Object.entries(plan.env).map(([name, value]) => `${name}=${value}`);
    const pid = new Int32Array(1);
    const errno = spawnNative(pid, plan.path, actions, attributes(plan.session), [...plan.argv, null], [...env, null]);
    if (errno !== 0) throw new HostError(`cannot run ${plan.path}: ${errnoOf(errno)}`, { errno: errnoOf(errno) });
    const [started = -1] = pid;
    waiting.set(started, onEnd);
    return started;
  } finally {
    actionsDestroy(actions);
  }
}

/** What Node ignores or blocks (SIGPIPE) must not be ignored in the child. */
function attributes(session: boolean): Buffer {
  // Written by hand: sigfillset leaves out 32 and 33, and glibc would then set those to be ignored.
  const all = Buffer.alloc(structureBytes).fill(0xff, 0, signalSetBytes);
  const made = Buffer.alloc(structureBytes);
  attributesInit(made);
  attributesDefaults(made, all);
  attributesMask(made, Buffer.alloc(structureBytes));
  attributesFlags(made, flags.setSignalDefaults | flags.setSignalMask | (session ? flags.setSession : 0));
  return made;
}

/** One signal may stand for several ends. */
function reap(): void {
  for (const [pid, onEnd] of [...waiting]) {
    const status = new Int32Array(1);
    if (waitNative(pid, status, noHang) === 0) continue;
    waiting.delete(pid);
    const [value = 0] = status;
    const signal = value & 0x7f;
    onEnd(signal === 0 ? { exitCode: (value >> 8) & 0xff, signal: undefined } : { exitCode: 128 + signal, signal });
  }
}
