/** The engine of virtual machines: `Engine` by QEMU. Assembles the files of this room, one function per duty. */
import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Engine } from '../../core/ports/engine.ts';
import { openCgroups } from '../../host/cgroup.ts';
import type { CgroupMounts } from '../../host/cgroup-mounts.ts';
import { isAlive, signalProcess } from '../../host/process.ts';
import { run } from '../../host/run.ts';
import { signalNumber } from '../../host/signals.ts';
import { HostError } from '../../lib/host-error.ts';
import { createKeyedQueue } from '../../lib/keyed-queue.ts';
import { createEnds, markKilled } from '../ends.ts';
import { checkId } from '../guest-id.ts';
import { watchOrphans } from '../orphans.ts';
import { hostAccelerator } from './accelerator.ts';
import { withAgent } from './agent.ts';
import { openConsole } from './console.ts';
import { createMachine, startMachine } from './create.ts';
import { switchDisk } from './disks.ts';
import { endCause } from './end-cause.ts';
import { executeInMachine } from './exec.ts';
import { lastWords } from './last-words.ts';
import { createLayout, makeDirectories } from './layout.ts';
import { memoryBytes } from './machine.ts';
import { askNics, silentNics } from './nics.ts';
import { createObserver } from './observe.ts';
import { whyUnusable } from './programs.ts';
import { type Qmp, withMonitor } from './qmp.ts';
import { listMachines, livingQemu, readRecord, runningQemu, writeRecord } from './record.ts';
import { removeMachine } from './remove.ts';
import type { Waiting } from './supervisor.ts';

export type QemuEngineOptions = {
  /** Below it everything that belongs to machines; made 0700. Keep it short: sockets live in it. */
  stateDirectory: string;
  logDirectory: string;
  /** Where the roots of QEMU are mounted. */
  roomsDirectory: string;
  cgroupParent: string;
  groups?: CgroupMounts;
  program?: string;
};

/** Lists do not wait long for an agent, nor again and again for none. */
const glanceMs = 500;
const silenceMs = 3000;
const programs: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'qemu-system-x86_64',
  arm64: 'qemu-system-aarch64',
};

export async function createQemuEngine(options: QemuEngineOptions): Promise<Engine & AsyncDisposable> {
  const layout = createLayout(options.stateDirectory, options.logDirectory, options.roomsDirectory);
  makeDirectories(layout, options.logDirectory);
  const program = options.program ?? programs[process.arch] ?? `qemu-system-${process.arch}`;
  const version = await qemuVersion(program);
  const { accelerator } = hostAccelerator();
  const cgroups = openCgroups(options.cgroupParent, options.groups, (id) => livingQemu(layout, id)?.pid);
  const files = {
    ...layout,
    cause: (text: string, oom: boolean, id: string) => endCause(text, oom, lastWords(layout.engineLog(id))),
  };
  const ends = createEnds(files);
  const inTurn = createKeyedQueue();
  const waiting = new Map<string, Waiting>();
  const orphans = watchOrphans(
    {
      exists: (id) => existsSync(layout.machine(id)),
      living: (id) => livingQemu(layout, id),
      isSupervised: (id) => isAlive(readRecord(layout, id)?.supervisor ?? { pid: -1, startTicks: -1 }),
    },
    ends,
  );
  for (const id of listMachines(layout)) {
    ends.follow(id);
    orphans.check(id);
  }
  const needs = { layout, cgroups, program, accelerator };
  const monitor = <T>(id: string, work: (qmp: Qmp) => Promise<T>) => {
    runningQemu(layout, checkId(id));
    return inTurn(`${id}/monitor`, () => withMonitor(layout.socket(id, 'monitor'), work));
  };
  const order = (id: string, command: string, args?: Record<string, unknown>) =>
    monitor(id, (qmp) => qmp.ask(command, args));
  const agent = <T>(id: string, work: Parameters<typeof withAgent<T>>[2], waitMs?: number) => {
    runningQemu(layout, checkId(id));
    return inTurn(`${id}/agent`, () => withAgent(layout.socket(id, 'agent'), id, work, waitMs));
  };
  /** Machines whose agent has just not answered a list: not asked again so soon. */
  const silentUntil = new Map<string, number>();
  const letGo = (id: string) => {
    waiting.get(id)?.[Symbol.dispose]();
    waiting.delete(id);
  };
  const no = (what: string) => async () => {
    throw new HostError(`virtual machines: ${what} is not offered`);
  };
  const observer = createObserver({ layout, ends, files, isPaused });

  async function isPaused(id: string): Promise<boolean> {
    // A QEMU that does not answer runs, as far as anybody can tell.
    const answer = await order(id, 'query-status').catch(() => undefined);
    return (answer as { status?: string } | undefined)?.status === 'paused';
  }

  return {
    type: 'virtual-machine',
    driver: { name: 'qemu', version },
    unusable: async () => whyUnusable(program),

    create: (spec, { signal } = {}) =>
      inTurn(checkId(spec.id), async () => {
        const made = await createMachine(needs, spec, signal);
        waiting.set(spec.id, made);
        ends.follow(spec.id);
        return { pid: made.qemu.pid };
      }),
    start: (id) =>
      inTurn(checkId(id), async () => {
        const made = waiting.get(id);
        if (!made)
          throw new HostError(`guest ${id} does not wait to be started`, { help: 'remove it and start it again' });
        waiting.delete(id);
        await startMachine(needs, id, made);
      }),
    async requestHalt(id) {
      await agent(id, ({ tell }) => tell('guest-shutdown', { mode: 'powerdown' })).catch(() =>
        order(id, 'system_powerdown'),
      );
    },
    async requestReboot(id) {
      await agent(id, ({ tell }) => tell('guest-shutdown', { mode: 'reboot' })).catch(() => order(id, 'system_reset'));
    },
    async kill(id) {
      const qemu = livingQemu(layout, checkId(id));
      if (!qemu) return;
      orphans.check(id);
      markKilled(files, id);
      signalProcess(qemu, signalNumber('SIGKILL'));
    },
    freeze: async (id) => void (await order(id, 'stop')),
    unfreeze: async (id) => void (await order(id, 'cont')),
    async update(id, limits) {
      const before = readRecord(layout, id);
      await order(id, 'balloon', { value: memoryBytes(limits) });
      if (before) writeRecord(layout, id, { ...before, memoryBytes: memoryBytes(limits) });
    },
    disks: { switchTo: (id, disk, overlay) => monitor(id, (qmp) => switchDisk(qmp, disk, overlay)) },
    addPart: no('adding parts while it runs'),
    removePart: no('removing parts while it runs'),
    parts: async () => [],
    remove: (id) =>
      inTurn(checkId(id), async () => {
        letGo(id);
        ends.silence(id);
        await removeMachine(layout, cgroups, id);
        ends.forget(id);
        silentUntil.delete(id);
      }),

    observe: observer,
    watch: (listener) => ends.subscribe(listener),

    async exec(id, spec) {
      runningQemu(layout, checkId(id));
      if (await isPaused(id)) throw new HostError(`guest ${id} is frozen`, { help: 'resume it first' });
      return executeInMachine({ agent: (work) => agent(id, work), monitor: (work) => monitor(id, work) }, spec);
    },
    async console(id) {
      runningQemu(layout, checkId(id));
      return openConsole(layout.socket(id, 'serial'));
    },
    consoleLog: async (id) => readOr(layout.consoleLog(checkId(id))),
    async clearConsoleLog(id) {
      if (existsSync(layout.consoleLog(checkId(id)))) truncateSync(layout.consoleLog(id));
    },
    forget: (id) => rm(layout.logs(checkId(id)), { recursive: true, force: true }),
    log: async (id) => readOr(layout.engineLog(checkId(id))).toString(),

    async usage(id) {
      runningQemu(layout, checkId(id));
      return { ...cgroups.usage(id), memoryLimitBytes: readRecord(layout, id)?.memoryBytes ?? 0 };
    },
    async nics(id) {
      runningQemu(layout, checkId(id));
      const known = silentNics(readRecord(layout, id)?.nics ?? []);
      if ((silentUntil.get(id) ?? 0) > Date.now()) return known;
      try {
        return await agent(id, askNics, glanceMs);
      } catch {
        silentUntil.set(id, Date.now() + silenceMs);
        return known;
      }
    },
    processes: async () => [],
    rootPath: no('its file system seen from the host'),

    async [Symbol.asyncDispose]() {
      for (const id of [...waiting.keys()]) letGo(id);
      orphans[Symbol.dispose]();
      ends[Symbol.dispose]();
      await cgroups.removeParent();
    },
  };
}

const readOr = (path: string): Buffer => (existsSync(path) ? readFileSync(path) : Buffer.alloc(0));

async function qemuVersion(program: string): Promise<string> {
  const { stdout } = await run(program, ['--version']).catch(() => ({ stdout: '' }));
  return /version (\S+)/.exec(stdout)?.[1] ?? 'missing';
}
