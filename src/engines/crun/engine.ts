/** The container engine: `Engine` by crun and conmon. Assembles the files of this room, one function per duty. */
import { existsSync, readdirSync, readFileSync, rmdirSync, truncateSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../core/ports/engine.ts';
import { openCgroups } from '../../host/cgroup.ts';
import type { CgroupMounts } from '../../host/cgroup-mounts.ts';
import { clearPlugStages } from '../../host/plug.ts';
import { processStatus, signalProcess } from '../../host/process.ts';
import { signalNumber } from '../../host/signals.ts';
import { HostError } from '../../lib/host-error.ts';
import { createKeyedQueue } from '../../lib/keyed-queue.ts';
import { createEnds, markKilled } from '../ends.ts';
import { checkId } from '../guest-id.ts';
import { watchOrphans } from '../orphans.ts';
import { askInit } from './ask-init.ts';
import { openConsole, readConsoleLog } from './console.ts';
import { createGuest } from './create.ts';
import { createExecutor } from './exec.ts';
import { createLayout, type Layout, makeDirectories } from './layout.ts';
import { readNics } from './nics.ts';
import { observeGuests } from './observe.ts';
import { addPart, clearHalfParts, readParts, removePart } from './parts.ts';
import { findPrograms, whyUnusable } from './programs.ts';
import { type GuestRecord, listGuests, livingInit, readRecord, runningInit } from './record.ts';
import { removeGuest } from './remove.ts';
import { startGuest } from './start.ts';
import { findSupervisor } from './supervisor.ts';

export type CrunEngineOptions = {
  /** Below it everything that belongs to guests; made 0700. Keep it short: sockets live in it. */
  stateDirectory: string;
  /** Console and engine logs; they stay after a guest is removed. */
  logDirectory: string;
  /** Name of the control group of all guests of this daemon, for example `gasthof-1a2b3c`. */
  cgroupParent: string;
  /**
   * Where roots are put together while guests are made. Every user of the host must be able to pass all directories
   * above it. @default /run/CGROUP-PARENT
   */
  stageDirectory?: string;
  /** Where lxcfs may be mounted; used when it is. Passable for everybody, too. */
  lxcfsDirectory?: string;
  /** Where control groups of guests go. @default what this daemon may use */
  groups?: CgroupMounts;
  crun?: string;
  conmon?: string;
};

export async function createCrunEngine(options: CrunEngineOptions): Promise<Engine & AsyncDisposable> {
  const layout = createLayout(
    options.stateDirectory,
    options.logDirectory,
    options.stageDirectory ?? join('/run', options.cgroupParent),
  );
  makeDirectories(layout, options.stateDirectory, options.logDirectory);
  clearPlugStages(layout.stages);
  const { programs, version } = await findPrograms(options);
  const cgroups = openCgroups(options.cgroupParent, options.groups, (id) => livingInit(layout, id)?.pid);
  const ends = createEnds(layout);
  const executor = createExecutor(layout, programs.crun, cgroups);
  const inTurn = createKeyedQueue();
  const orphans = watchOrphans(
    {
      exists: (id) => listGuests(layout).includes(id),
      living: (id) => livingInit(layout, id),
      isSupervised: (id) => findSupervisor(layout, id) !== undefined,
    },
    ends,
  );
  for (const id of listGuests(layout)) {
    ends.follow(id);
    orphans.check(id);
    const record = livingInit(layout, id) && readRecord(layout, id);
    // What cannot be cleared stays noted: the next start of the guest is without it.
    if (record) await clearHalfParts({ layout, cgroups, programs }, id, record).catch(() => {});
  }

  return {
    type: 'container',
    driver: { name: 'crun', version },
    unusable: async () => whyUnusable(programs, cgroups),

    create: (spec, { signal } = {}) =>
      inTurn(checkId(spec.id), async () => {
        const needs = { layout, cgroups, programs, lxcfsDirectory: options.lxcfsDirectory };
        const pid = await createGuest(needs, spec, signal).catch((error: unknown) => {
          ends.forget(spec.id);
          throw error;
        });
        ends.follow(spec.id);
        return { pid };
      }),
    start: (id) => inTurn(checkId(id), () => startGuest(layout, programs, id)),
    async requestHalt(id) {
      orphans.check(checkId(id));
      askInit(runningInit(layout, id), 'halt');
    },
    async requestReboot(id) {
      orphans.check(checkId(id));
      askInit(runningInit(layout, id), 'reboot');
    },
    async kill(id) {
      const init = livingInit(layout, checkId(id));
      if (!init) return;
      orphans.check(id);
      markKilled(layout, id);
      signalProcess(init, signalNumber('SIGKILL'));
      // On v1 a frozen process dies when it is thawed.
      if (cgroups.isFrozen(id)) await cgroups.thaw(id);
    },
    async freeze(id) {
      runningInit(layout, checkId(id));
      await cgroups.freeze(id);
    },
    async unfreeze(id) {
      runningInit(layout, checkId(id));
      await cgroups.thaw(id);
    },
    async update(id, limits) {
      runningInit(layout, checkId(id));
      cgroups.apply(id, limits);
    },
    addPart: (id, part) =>
      inTurn(checkId(id), async () => {
        runningInit(layout, id);
        await addPart({ layout, cgroups, programs }, id, recordOf(layout, id), part);
      }),
    removePart: (id, partId) =>
      inTurn(checkId(id), async () => {
        runningInit(layout, id);
        await removePart({ layout, cgroups, programs }, id, recordOf(layout, id), partId);
      }),
    parts: async (id) => readParts(layout, checkId(id)).flatMap(({ part, done }) => (done ? part : [])),
    remove: (id) =>
      inTurn(checkId(id), async () => {
        ends.silence(id);
        await removeGuest(layout, cgroups, id);
        ends.forget(id);
      }),

    observe: () => observeGuests(layout, cgroups, ends),
    watch: (listener) => ends.subscribe(listener),

    async exec(id, spec) {
      runningInit(layout, checkId(id));
      if (cgroups.isFrozen(id)) throw new HostError(`guest ${id} is frozen`, { help: 'resume it first' });
      return executor.exec(id, recordOf(layout, id), spec);
    },
    async console(id) {
      runningInit(layout, checkId(id));
      return openConsole(layout, ends, id);
    },
    consoleLog: (id) => readConsoleLog(layout.consoleLog(checkId(id))),
    async clearConsoleLog(id) {
      if (existsSync(layout.consoleLog(checkId(id)))) truncateSync(layout.consoleLog(id));
    },
    forget: (id) => rm(layout.logs(checkId(id)), { recursive: true, force: true }),
    async log(id) {
      const path = layout.engineLog(checkId(id));
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    },

    async usage(id) {
      runningInit(layout, checkId(id));
      return cgroups.usage(id);
    },
    nics: async (id) => readNics(runningInit(layout, checkId(id)).pid),
    async processes(id) {
      runningInit(layout, checkId(id));
      const { base, size } = recordOf(layout, id);
      return cgroups.pids(id).flatMap((hostPid) => {
        const status = processStatus(hostPid);
        if (!status) return [];
        const { innerPid: pid, command, memoryBytes } = status;
        // A process that is just joining may still have an id of the host.
        const uid = status.uid >= base && status.uid < base + size ? status.uid - base : 65_534;
        return [{ pid, hostPid, uid, command, memoryBytes }];
      });
    },
    rootPath: async (id) => `/proc/${runningInit(layout, checkId(id)).pid}/root`,

    async [Symbol.asyncDispose]() {
      orphans[Symbol.dispose]();
      ends[Symbol.dispose]();
      executor[Symbol.dispose]();
      // Guests that run keep the group.
      await cgroups.removeParent();
      removeEmpty(layout.stages);
    },
  };
}

function removeEmpty(directory: string) {
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}

function recordOf(layout: Layout, id: string): GuestRecord {
  const record = readRecord(layout, id);
  if (record) return record;
  throw new HostError(`guest ${id}: its record ${layout.record(id)} is missing or broken`, {
    help: 'stop the guest by force and start it again',
  });
}
