/**
 * THE ENGINE PORT: makes guests run. `crun` (containers) is the first engine, `qemu` (virtual machines) the second.
 *
 * Vocabulary. A *guest* is known to an engine by its stable id only (12 hexadecimal digits); names, projects and profiles
 * are the core's. A guest *exists* for the engine from `create` until `remove`. The *supervisor* is the process that holds
 * a guest's console and learns its end; it outlives the daemon.
 *
 * Life: create -> (caller attaches NICs to `pid`) -> start -> running -> ended (an `ended` event) -> remove.
 *
 * Laws (test/contract/engine.suite.ts):
 * - `create` leaves nothing behind when it fails or is aborted. `remove` clears everything in every state, of a guest that is
 *   running, half made or unknown too, and resolves only when no process, cgroup, mount or file of it is left.
 * - The daemon may be killed at any moment: a guest runs on, and `observe` of the next daemon tells the truth about it,
 *   including an end that happened meanwhile, with its cause.
 * - `watch` tells each end and each OOM kill exactly once per daemon life, without polling; never the end of a guest that
 *   is being removed, for a new guest may have its id by the time that somebody listens.
 * - Hardening (recipes, section I) holds for the init and for everything executed later.
 * - A limit that the host cannot enforce is refused by `create` and `update` with the reason; it is never ignored.
 */
import type { IdRange } from './id-range.ts';
import type { Machine } from './machine.ts';
import type { MachineInside } from './machine-inside.ts';
import type { MachineModels } from './machine-models.ts';
import type { MachineMoving } from './machine-moving.ts';
import type { MachineParts } from './machine-parts.ts';
import type { Relocation } from './machine-relocation.ts';
import type { Screens } from './machine-screen.ts';
import type { MachineStates } from './machine-states.ts';

/** Parsed limits; absent means no limit of that kind. */
export type Limits = {
  /** Number of CPUs (`cpuCount`) or an explicit list of host CPUs (`cpuSet`, like "0-1,3"). */
  cpuCount?: number;
  cpuSet?: string;
  /** Hard CPU time: `quotaUs` of every `periodUs`. */
  cpuQuota?: { quotaUs: number; periodUs: number };
  /** Relative weight under contention, 0..10, 10 is the default. */
  cpuPriority?: number;
  /** Share of CPU time in percent under contention (soft). */
  cpuShare?: number;
  memoryBytes?: number;
  /** False keeps the guest out of swap. */
  swap?: boolean;
  processes?: number;
  /** Keys of limits that nobody asked for: where the host cannot hold them, the guest is without. */
  byDefault?: string[];
};

/** A file or directory of the host, or a memory file system of its own, that the guest sees at `path`. */
export type GuestMount = {
  source: string;
  /** Directory of the host that guests write to: `source` is a path below it and may not lead out of it. */
  inside?: string;
  /** In place of a source: an empty file system in memory; the mode of its top is octal. */
  memory?: { sizeBytes?: number; mode?: string };
  path: string;
  readOnly: boolean;
  /** Ids are shifted into the guest's range by an idmapped mount. */
  shifted: boolean;
  /** Missing source is not an error. */
  optional: boolean;
  /** What is mounted below the source on the host is shown as well. */
  recursive?: boolean;
  flags?: ('nosuid' | 'noexec')[];
};

/** A device node that the guest may open. Ids and mode are as the guest sees them; absent: nobody asked for any. */
export type GuestNode = {
  kind: 'char' | 'block';
  path: string;
  /** A node of the host to take the number from; else `number` says it. */
  source?: string;
  number?: { major: number; minor: number };
  mode?: number;
  uid?: number;
  gid?: number;
  /** A missing source is not an error. */
  optional: boolean;
};

/** What a device puts into a guest's tree. The id is the caller's, unique in the guest. */
export type GuestPart = { id: string } & ({ mount: GuestMount } | { node: GuestNode });

/** A network card as the guest sees it; the network room makes it. Only the name matters to an engine. */
export type GuestNic = { name: string; hwaddr?: string };

export type GuestSpec = {
  id: string;
  hostname: string;
  range: IdRange;
  /** Mounted root file system (containers), seen with shifted ids. */
  rootfs: string;
  limits: Limits;
  parts: GuestPart[];
  nics: GuestNic[];
  /** Environment of init, added to the engine's own (`environment.*` keys). */
  environment: Record<string, string>;
  /** System calls given back to this guest by its config (`security.syscalls.allow`). */
  allowedSyscalls: string[];
  /** Extra capabilities to drop (`security.caps.drop`), names without CAP_. */
  droppedCapabilities: string[];
  /** What a virtual machine is made of; containers have none, and machines use nothing of what only containers have. */
  machine?: Machine;
  /** Argv of init. Default: what the engine finds (`/sbin/init`). */
  init?: string[];
};

/** How a guest ended. */
export type EndCause =
  | { kind: 'halted' }
  | { kind: 'rebooting' }
  /** `said`: the last words of the engine's program, where there were any. */
  | { kind: 'killed'; signal: string; said?: string }
  | { kind: 'oom' }
  | { kind: 'crashed'; exitCode: number; said?: string }
  /** The supervisor was lost, so nobody can tell. */
  | { kind: 'unknown' };

export type Observed =
  | { id: string; state: 'created' | 'running' | 'frozen'; pid: number; startedAt: Date }
  | { id: string; state: 'ended'; cause: EndCause; endedAt: Date };

export type EngineEvent =
  | { type: 'ended'; id: string; cause: EndCause }
  /** A process inside was killed for memory; the guest may go on. */
  | { type: 'oom'; id: string }
  /** It stands still as if it was frozen, until it is told to go on: a disk is full or fails. */
  | { type: 'stalled'; id: string; reason: string };

export type ExecSpec = {
  command: string[];
  environment: Record<string, string>;
  cwd: string;
  user: number;
  group: number;
  /** A terminal of this size; absent: three pipes. */
  terminal?: { width: number; height: number };
};

/** One process inside a guest, started by `exec`. */
export interface ExecSession {
  /** Terminal: the terminal's input. Pipes: standard input. Writing respects back-pressure. */
  readonly stdin: NodeJS.WritableStream;
  readonly stdout: NodeJS.ReadableStream;
  /** Absent with a terminal. */
  readonly stderr?: NodeJS.ReadableStream;
  /** 126 not executable, 127 not found, 128+n ended by signal n. Resolves after the streams have ended. */
  readonly exitCode: Promise<number>;
  resize(width: number, height: number): void;
  /** A number 1..64. */
  signal(signal: number): void;
  /** Ends the process inside for good (SIGKILL) and frees everything. */
  kill(): void;
}

/** A viewer of a guest's console. */
export interface ConsoleSession {
  readonly input: NodeJS.WritableStream;
  /** What the guest writes from now on. Ends when the guest ends. */
  readonly output: NodeJS.ReadableStream;
  resize(width: number, height: number): void;
  close(): void;
}

export type Usage = {
  cpuNs: number;
  /** The part of `cpuNs` that was spent outside the kernel. */
  cpuUserNs: number;
  memoryBytes: number;
  memoryPeakBytes: number;
  memoryLimitBytes: number;
  swapBytes: number;
  processes: number;
};

export type NicUsage = {
  name: string;
  hwaddr: string;
  mtu: number;
  up: boolean;
  addresses: { family: 'inet' | 'inet6'; address: string; prefix: number; scope: 'global' | 'link' | 'local' }[];
  counters: {
    bytesReceived: number;
    bytesSent: number;
    packetsReceived: number;
    packetsSent: number;
    errorsReceived: number;
    errorsSent: number;
    droppedReceived: number;
    droppedSent: number;
  };
};

/** One for each kind of guest. */
export type Engines = Readonly<Record<Engine['type'], Engine>>;

export interface Engine {
  readonly type: 'container' | 'virtual-machine';
  readonly driver: { name: string; version: string };
  /** Undefined when guests of this engine can run here, else why not and what would help. */
  unusable(): Promise<string | undefined>;

  create(spec: GuestSpec, options?: { signal?: AbortSignal }): Promise<{ pid: number }>;
  start(id: string): Promise<void>;
  /** Asks the guest's init to halt or reboot, in the way that this init understands. Returns at once. */
  requestHalt(id: string): Promise<void>;
  requestReboot(id: string): Promise<void>;
  kill(id: string): Promise<void>;
  freeze(id: string): Promise<void>;
  unfreeze(id: string): Promise<void>;
  /** Changes limits of a guest that runs. All or nothing. */
  update(id: string, limits: Limits): Promise<void>;
  /**
   * Puts a part into a guest that exists; the same as one of its spec from then on. The guest cannot bend the way to its
   * place, nor take off its read-only flag. Fails without a trace.
   */
  addPart(id: string, part: GuestPart): Promise<void>;
  /** Takes it away at once, in use or not; a part that is not there is no error. */
  removePart(id: string, partId: string): Promise<void>;
  /** The parts that a guest has now, also after a daemon was killed in the middle of a change. */
  parts(id: string): Promise<GuestPart[]>;
  remove(id: string): Promise<void>;

  observe(): Promise<Observed[]>;
  watch(listener: (event: EngineEvent) => void): Disposable;

  /** Rejects with `HostError` when the guest does not run. */
  exec(id: string, spec: ExecSpec): Promise<ExecSession>;
  console(id: string): Promise<ConsoleSession>;
  /** What the guest wrote to its console since its start, as far as it is kept; also after its end. */
  consoleLog(id: string): Promise<Buffer>;
  clearConsoleLog(id: string): Promise<void>;
  /** Deletes console log and own messages of a guest that will never come back. */
  forget(id: string): Promise<void>;
  /** Supervisor's and runtime's own messages, for `info --show-log`. */
  log(id: string): Promise<string>;

  /** Of virtual machines. */
  readonly disks?: {
    /** The machine, which runs, writes to the file at `overlay` from now on: an empty one over what it wrote so far. */
    switchTo(id: string, disk: string, overlay: string): Promise<void>;
    /** `into` takes what it has from `from` into itself and stands on `base` from then on. May be repeated. */
    merge(
      id: string,
      files: { into: string; from: string; base: string | undefined },
      signal?: AbortSignal,
    ): Promise<void>;
  };
  /** Of virtual machines, in place of parts. */
  readonly machineParts?: MachineParts;
  readonly models?: MachineModels;

  readonly states?: MachineStates;
  readonly relocation?: Relocation;
  readonly moving?: MachineMoving;
  readonly screens?: Screens;
  readonly inside?: MachineInside;

  usage(id: string): Promise<Usage>;
  nics(id: string): Promise<NicUsage[]>;
  /** Processes inside: pid inside and outside, user id inside, command. */
  processes(id: string): Promise<{ pid: number; hostPid: number; uid: number; command: string; memoryBytes: number }[]>;
  /** A directory path that leads into the running guest's root as seen from the daemon (`/proc/PID/root`). */
  rootPath(id: string): Promise<string>;
}
