/**
 * Where the engine keeps what belongs to a guest. Names are short: a socket's path has 108 bytes at most.
 * Everything is below the state directory, which is 0700; logs are apart, because they stay after `remove`.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../../lib/host-error.ts';
import { endCause } from './end-cause.ts';

export type Layout = ReturnType<typeof createLayout>;

const longestSocket = '/s/0123456789ab/attach';
const socketPathBytes = 107;

export function createLayout(stateDirectory: string, logDirectory: string, stageDirectory: string) {
  if (Buffer.byteLength(stateDirectory + longestSocket) > socketPathBytes)
    throw new HostError(`${stateDirectory}: too long, sockets in it would exceed ${socketPathBytes} bytes`, {
      help: 'choose a shorter GASTHOF_DIR',
    });
  const state = (...parts: string[]) => join(stateDirectory, ...parts);
  return {
    /** `crun --root`. */
    runtime: state('c'),
    /** conmon writes `exits/ID` when a guest has ended. */
    exits: state('x'),
    /** conmon makes symbolic links `sockets/ID` to the bundles. */
    sockets: state('s'),
    /** Pid files and process descriptions of `exec`. */
    execs: state('e'),
    stages: stageDirectory,
    /** Where a guest's root is put together while it is made. */
    stage: (id: string) => join(stageDirectory, id),
    bundles: state('g'),
    bundle: (id: string) => state('g', id),
    config: (id: string) => state('g', id, 'config.json'),
    record: (id: string) => state('g', id, 'guest.json'),
    /** Mounts and device nodes that were put in. */
    parts: (id: string) => state('g', id, 'parts.json'),
    pidFile: (id: string) => state('g', id, 'pid'),
    supervisorPidFile: (id: string) => state('g', id, 'conmon.pid'),
    /** The window size fifo; `attach` beside it is the console's socket. */
    control: (id: string) => state('g', id, 'ctl'),
    attach: (id: string) => state('s', id, 'attach'),
    /** conmon makes the file `oom` in here. */
    persist: (id: string) => state('g', id, 'p'),
    runtimeState: (id: string) => state('c', id),
    /** There between create and start: init waits on it. */
    execFifo: (id: string) => state('c', id, 'exec.fifo'),
    exit: (id: string) => state('x', id),
    cause: endCause,
    socketLink: (id: string) => state('s', id),
    logs: (id: string) => join(logDirectory, id),
    consoleLog: (id: string) => join(logDirectory, id, 'console.log'),
    engineLog: (id: string) => join(logDirectory, id, 'engine.log'),
  };
}

/** Makes the directories, all of them closed to other users of the host. */
export function makeDirectories(layout: Layout, stateDirectory: string, logDirectory: string): void {
  for (const path of [
    stateDirectory,
    logDirectory,
    layout.runtime,
    layout.exits,
    layout.sockets,
    layout.execs,
    layout.bundles,
  ])
    mkdirSync(path, { recursive: true, mode: 0o700 });
  // Passable, not readable: see stage.ts.
  mkdirSync(layout.stages, { recursive: true, mode: 0o711 });
  chmodSync(layout.stages, 0o711);
}
