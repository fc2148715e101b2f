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
import type { Agent } from './agent.ts';
import { openConsole } from './console.ts';
import { createConsoleLogs } from './console-log.ts';
import { createMachine, startMachine } from './create.ts';
import { switchDisk } from './disks.ts';
import { endCause } from './end-cause.ts';
import { execPrefix, executeInMachine } from './exec.ts';
import { askForMemory, guestMemory } from './guest-memory.ts';
import { createInside } from './inside.ts';
import { lastWords } from './last-words.ts';
import { createLayout, makeDirectories } from './layout.ts';
import { changeLimits } from './live-limits.ts';
import { createMachineParts } from './machine-parts.ts';
import { mergeFiles } from './merge-disk.ts';
import { createModels } from './models.ts';
import { createMoving } from './moving.ts';
import { askNics, silentNics } from './nics.ts';
import { createObserver } from './observe.ts';
import { clearPorts } from './ports.ts';
import { whyUnusable } from './programs.ts';
import { createReach } from './reach.ts';
import { listMachines, livingQemu, readRecord, runningQemu, waitsForStart } from './record.ts';
import { relocateFiles, settleRelocation } from './relocate.ts';
import { removeMachine } from './remove.ts';
import { createRunStates } from './run-states.ts';
import { createScreens } from './screens.ts';
import { createShareMounts } from './share-mounts.ts';
import { createStalls } from './stalls.ts';
import { thawFiles, withStillFiles } from './still-files.ts';
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
  /** When a console log loses its beginning, and how soon it is looked at again. */
  consoleLogs?: { largestBytes: number; restMs: number };
};

/** Lists do not wait long for an agent, nor again and again for none. */
const glanceMs = 500;
const silenceMs = 3000;
/** Then the machine is asked by its power button. */
const haltMs = 3000;
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
  const consoleLogs = createConsoleLogs(layout.consoleLog, options.consoleLogs);
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
  const reach = createReach(layout);
  const shareMounts = createShareMounts(layout, reach);
  const stalls = createStalls(
    layout,
    (id, reason) => ends.emit({ type: 'stalled', id, reason }),
    (id) => shareMounts.follow(id),
  );
  for (const id of listMachines(layout)) {
    ends.follow(id);
    consoleLogs.follow(id);
    orphans.check(id);
    if (!livingQemu(layout, id) || waitsForStart(layout, id)) continue;
    stalls.follow(id);
    shareMounts.follow(id);
    // Left by a daemon that was killed; machines without either cost nothing.
    void thawFiles({ layout, agent: reach.agent }, id);
    void reach.monitor(id, (qmp) => clearPorts(qmp, execPrefix)).catch(() => {});
  }
  const needs = { layout, cgroups, program, accelerator };
  const { monitor, order, agent } = reach;
  const { stateOf, unfreeze, states } = createRunStates(layout, reach);
  /** Machines whose agent has just not answered a list: not asked again so soon. */
  const silentUntil = new Map<string, number>();
  const glance = async <T>(id: string, work: (agent: Agent) => Promise<T>): Promise<T | undefined> => {
    if ((silentUntil.get(id) ?? 0) > Date.now()) return undefined;
    return agent(id, work, glanceMs).catch(() => void silentUntil.set(id, Date.now() + silenceMs));
  };
  const letGo = (id: string) => {
    waiting.get(id)?.[Symbol.dispose]();
    waiting.delete(id);
  };
  const no = (what: string) => async () => {
    throw new HostError(`virtual machines: ${what} is not offered`);
  };
  const observer = createObserver({ layout, ends, files, stateOf });

  return {
    type: 'virtual-machine',
    driver: { name: 'qemu', version },
    unusable: async () => whyUnusable(program),
    models: createModels(program, accelerator),

    create: (spec, { signal } = {}) =>
      inTurn(checkId(spec.id), async () => {
        const made = await createMachine(needs, spec, signal);
        waiting.set(spec.id, made);
        ends.follow(spec.id);
        consoleLogs.follow(spec.id);
        return { pid: made.qemu.pid };
      }),
    start: (id) =>
      inTurn(checkId(id), async () => {
        const made = waiting.get(id);
        if (!made)
          throw new HostError(`guest ${id} does not wait to be started`, { help: 'remove it and start it again' });
        waiting.delete(id);
        await startMachine(needs, id, made);
        await monitor(id, askForMemory);
        stalls.follow(id);
        shareMounts.follow(id);
      }),
    async requestHalt(id) {
      await agent(id, ({ tell }) => tell('guest-shutdown', { mode: 'powerdown' }), haltMs).catch(() =>
        order(id, 'system_powerdown'),
      );
    },
    async requestReboot(id) {
      await agent(id, ({ tell }) => tell('guest-shutdown', { mode: 'reboot' }), haltMs).catch(() =>
        order(id, 'system_reset'),
      );
    },
    async kill(id) {
      const qemu = livingQemu(layout, checkId(id));
      if (!qemu) return;
      orphans.check(id);
      markKilled(files, id);
      signalProcess(qemu, signalNumber('SIGKILL'));
    },
    freeze: async (id) => void (await order(id, 'stop')),
    unfreeze,
    states,
    update: (id, limits) => changeLimits({ layout, cgroups, reach, accelerator }, id, limits),
    machineParts: createMachineParts(layout, reach),
    screens: createScreens(reach, layout),
    inside: createInside(reach, glance),
    disks: {
      switchTo: (id, disk, overlay) =>
        withStillFiles({ layout, agent }, id, () => monitor(id, (qmp) => switchDisk(qmp, disk, overlay))),
      merge: (id, files, signal) => mergeFiles((work) => monitor(id, work), files, signal),
    },
    moving: createMoving(layout, reach),
    relocation: {
      move: (id, moving, signal) => relocateFiles((work) => monitor(id, work), moving, signal),
      settle: (id, disk, files) => monitor(id, (qmp) => settleRelocation(qmp, disk, files)),
    },
    addPart: no('adding parts while it runs'),
    removePart: no('removing parts while it runs'),
    parts: async () => [],
    remove: (id) =>
      inTurn(checkId(id), async () => {
        letGo(id);
        ends.silence(id);
        shareMounts.forget(id);
        reach.forget(id);
        await removeMachine(layout, cgroups, id);
        ends.forget(id);
        consoleLogs.forget(id);
        silentUntil.delete(id);
      }),

    observe: observer,
    watch: (listener) => ends.subscribe(listener),

    async exec(id, spec) {
      runningQemu(layout, checkId(id));
      if ((await stateOf(id)) === 'frozen') throw new HostError(`guest ${id} is frozen`, { help: 'resume it first' });
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
      const memoryBytes = await reach.glance(id, guestMemory).catch(() => undefined);
      const usage = { ...cgroups.usage(id), memoryLimitBytes: readRecord(layout, id)?.memoryBytes ?? 0 };
      // The peak is QEMU's, and no measure of the guest.
      return memoryBytes === undefined ? usage : { ...usage, memoryBytes, memoryPeakBytes: 0 };
    },
    async nics(id) {
      runningQemu(layout, checkId(id));
      return (await glance(id, askNics)) ?? silentNics(readRecord(layout, id)?.nics ?? []);
    },
    processes: async () => [],
    rootPath: no('its file system seen from the host'),

    async [Symbol.asyncDispose]() {
      for (const id of [...waiting.keys()]) letGo(id);
      shareMounts[Symbol.dispose]();
      reach[Symbol.dispose]();
      orphans[Symbol.dispose]();
      stalls[Symbol.dispose]();
      ends[Symbol.dispose]();
      consoleLogs[Symbol.dispose]();
      await cgroups.removeParent();
    },
  };
}

const readOr = (path: string): Buffer => (existsSync(path) ? readFileSync(path) : Buffer.alloc(0));

async function qemuVersion(program: string): Promise<string> {
  const { stdout } = await run(program, ['--version']).catch(() => ({ stdout: '' }));
  return /version (\S+)/.exec(stdout)?.[1] ?? 'missing';
}
