/**
 * User namespaces with a given id map, as descriptors: for guests and for idmapped mounts.
 *
 * Node cannot fork, and starting `unshare` costs 3 to 6 ms, so one small perl process (part of every Debian) forks the
 * makers: about 1 ms each. It starts with the first call and ends with this process, because its input ends then.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { ownIdInside } from './own-namespaces.ts';
import { baseEnvironment } from './run.ts';

export type IdMap = { inside: number; outside: number; count: number }[];

export type UserNamespaceOptions = {
  /**
   * Host uid and gid that creates the namespace. The kernel charges inotify instances and nested namespaces to it, so
   * a guest's namespace is created by an id of the guest's own range. @default the daemon's own
   */
  creator?: number;
  signal?: AbortSignal;
};

/** Opens a new user namespace whose uid and gid map are both `map`. The caller closes the descriptor (close-on-exec). */
export async function openUserNamespace(map: IdMap, options: UserNamespaceOptions = {}): Promise<number> {
  options.signal?.throwIfAborted();
  const pid = await requestMaker(cloneNewUser, options.creator);
  const lines = map.map((row) => `${row.inside} ${row.outside} ${row.count}\n`).join('');
  let descriptor: number | undefined;
  try {
    // Written by us and not by the maker: only the parent namespace may map ids that the maker does not own.
    writeFileSync(`/proc/${pid}/uid_map`, lines);
    writeFileSync(`/proc/${pid}/gid_map`, lines);
    descriptor = openSync(`/proc/${pid}/ns/user`, 'r');
    options.signal?.throwIfAborted();
    return descriptor;
  } catch (cause) {
    if (descriptor !== undefined) closeSync(descriptor);
    if (options.signal?.aborted) throw cause;
    throw new HostError(`cannot map ids in a new user namespace (${lines.trim().replaceAll('\n', ', ')})`, { cause });
  } finally {
    end(pid);
  }
}

/**
 * Owner on disk of what overlayfs makes for itself (work directory, whiteouts): above every guest's ids. The same as the id of
 * an ordinary user's daemon, which mounts them as they are.
 */
export const layerRootId = ownIdInside;

/**
 * The namespace of an idmapped layer that shows ids 0..size-1 of the disk as the guest's range. Undefined where they are the
 * same (the daemon of an ordinary user).
 */
export async function openLayerNamespace(range: { base: number; size: number }): Promise<number | undefined> {
  if (range.base === 0) return undefined;
  return openUserNamespace([
    { inside: 0, outside: range.base, count: range.size },
    // overlayfs makes entries of its work directory as root: root needs an id on disk too.
    { inside: layerRootId, outside: 0, count: 1 },
  ]);
}

const cloneNewUser = 0x10000000;
const cloneNewNs = 0x20000;

/**
 * A process that holds a copy of the daemon's mount namespace in a user namespace of its own, which locks the flags of
 * every mount in it: read-only stays read-only for whoever gets a mount from there. Disposing ends it.
 */
export async function holdLockedMounts(): Promise<Disposable & { readonly pid: number }> {
  const pid = await requestMaker(cloneNewUser | cloneNewNs, undefined);
  return { pid, [Symbol.dispose]: () => end(pid) };
}

const unshareNumbers: Partial<Record<NodeJS.Architecture, number>> = { x64: 272, arm64: 97 };

/**
 * Reads lines `request namespaces creator` (creator `-`: unchanged), answers `request pid` or `request ! reason`. A maker waits until
 * it is killed, or until the pipe closes because this process is gone.
 */
const nurseryProgram = `
$| = 1; $SIG{CHLD} = 'IGNORE'; chdir '/'; my $unshare = shift() + 0; pipe(my $r, my $w);
while (my $line = <STDIN>) {
  my ($id, $what, $u) = split ' ', $line;
  my $pid = fork;
  if (!defined $pid) { print "$id ! fork: $!\\n"; next }
  next if $pid;
  close $w;
  if ($u ne '-') {
    $) = "$u $u"; $( = $u + 0; ($<, $>) = ($u + 0, $u + 0);
    if ($< != $u || $> != $u || $( != $u) { syswrite STDOUT, "$id ! cannot become id $u\\n"; exit 1 }
  }
  if (syscall($unshare, $what + 0) < 0) { syswrite STDOUT, "$id ! unshare: $!\\n"; exit 1 }
  syswrite STDOUT, "$id $$\\n";
  close STDIN; close STDOUT; sysread $r, my $byte, 1; exit 0;
}`;

type Nursery = {
  child: ChildProcess;
  waiting: Map<number, { resolve(pid: number): void; reject(error: Error): void }>;
};

// One per process, like the loaded libc: it holds no state that a caller could see.
let nursery: Nursery | undefined;
let lastRequest = 0;

async function requestMaker(namespaces: number, creator: number | undefined): Promise<number> {
  nursery ??= startNursery();
  const { child, waiting } = nursery;
  const request = ++lastRequest;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const timer = setTimeout(() => reject(new HostError('no user namespace after 10 s: the host is overloaded')), 10_000);
  waiting.set(request, { resolve, reject });
  keepLoopAlive(child, true);
  child.stdin?.write(`${request} ${namespaces} ${creator ?? '-'}\n`);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    waiting.delete(request);
    if (waiting.size === 0) keepLoopAlive(child, false);
  }
}

function startNursery(): Nursery {
  const number = unshareNumbers[process.arch];
  if (number === undefined) throw new HostError(`user namespaces: not supported on ${process.arch}`);
  const child = spawn('perl', ['-e', nurseryProgram, String(number)], {
    cwd: '/',
    env: baseEnvironment,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const started: Nursery = { child, waiting: new Map() };
  const fail = (error: Error) => {
    if (nursery === started) nursery = undefined;
    for (const { reject } of started.waiting.values()) reject(error);
  };
  child.once('error', (cause) => {
    fail(new HostError(`cannot run perl: ${cause.message}`, { cause, help: 'install the package perl-base' }));
  });
  child.once('close', (code, signal) => fail(new HostError(`the maker of namespaces ended (${signal ?? code})`)));
  // Raised when it died before reading: 'close' tells the waiting.
  child.stdin?.on('error', () => {});
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) answer(started, line);
  });
  return started;
}

function answer({ waiting }: Nursery, line: string): void {
  const [, request, pid, reason] = /^(\d+) (?:(\d+)|! (.*))$/.exec(line) ?? [];
  const caller = waiting.get(Number(request));
  if (reason !== undefined) {
    const help = 'the limits are in /proc/sys/user/max_user_namespaces and kernel.unprivileged_userns_clone';
    caller?.reject(new HostError(`cannot make a user namespace: ${reason}`, { help }));
  } else if (caller) caller.resolve(Number(pid));
  else if (pid) end(Number(pid)); // Its caller gave up waiting.
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself with the nursery.
  }
}

function keepLoopAlive(child: ChildProcess, alive: boolean): void {
  for (const handle of [child, child.stdin, child.stdout] as ({ ref?(): void; unref?(): void } | null)[]) {
    if (alive) handle?.ref?.();
    else handle?.unref?.();
  }
}
