/**
 * Running a command in a guest: `crun exec` with a process description of our own (its `-e` would replace the whole
 * environment), with three real pipes or a terminal. crun joins all namespaces, the control group and the filter.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { ExecSession, ExecSpec } from '../../core/ports/engine.ts';
import { guestCapabilities } from '../../host/capabilities.ts';
import type { Cgroups } from '../../host/cgroup.ts';
import { type ProcessRef, processRef, signalProcess } from '../../host/process.ts';
import { type Spawned, spawnProgram } from '../../host/spawn.ts';
import { watchDirectory } from '../../host/watch-directory.ts';
import { HostError } from '../../lib/host-error.ts';
import { execOutcome, wasNotStarted } from './exec-outcome.ts';
import { type ExecStreams, openPipes, openTerminal } from './exec-streams.ts';
import { commandWords, hasBecomeCommand, type Speaker } from './first-words.ts';
import type { Layout } from './layout.ts';
import { crunOptions, joining } from './programs.ts';
import type { GuestRecord } from './record.ts';

export type Executor = Disposable & {
  exec(id: string, record: GuestRecord, spec: ExecSpec): Promise<ExecSession>;
};

const sigkill = 9;
const killedCode = 128 + sigkill;

export function createExecutor(layout: Layout, crun: string, cgroups: Pick<Cgroups, 'entrances'>): Executor {
  /** Called whenever a file in the directory changes: pid files appear there. */
  const pidWaiters = new Set<() => void>();
  const watch = watchDirectory(layout.execs, () => {
    for (const look of pidWaiters) look();
  });
  let counter = 0;

  return {
    async exec(id, record, spec) {
      const files = execFiles(layout, `${process.pid}-${++counter}`);
      writeFileSync(files.process, JSON.stringify(renderProcess(record, spec)), { mode: 0o600 });
      const speaker = Promise.withResolvers<Speaker>();
      const words = commandWords(speaker.promise);
      const streams = spec.terminal ? openTerminal(spec.terminal, words) : openPipes(record, spec, words);
      try {
        const { program, env } = joining(crun, cgroups.entrances(id));
        const spawned = spawnProgram(program, execArguments(layout, files, id, spec), {
          env,
          stdio: streams.childEnds,
          detached: true,
          freshKeyring: true,
        });
        streams.releaseChildEnds();
        return session(spawned, streams, files, { pidWaiters, speaker: speaker.resolve });
      } catch (error) {
        streams.releaseChildEnds();
        streams.destroy();
        files.remove();
        throw error;
      }
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

type ExecFiles = ReturnType<typeof execFiles>;

function execFiles(layout: Layout, name: string) {
  const path = (suffix: string) => join(layout.execs, `${name}.${suffix}`);
  const files = { process: path('json'), pid: path('pid'), log: path('log') };
  return {
    ...files,
    remove() {
      for (const file of Object.values(files)) rmSync(file, { force: true });
    },
  };
}

function execArguments(layout: Layout, files: ExecFiles, id: string, spec: ExecSpec): string[] {
  return [
    ...[...crunOptions(layout), `--log=file:${files.log}`, '--log-format=json'],
    ...['exec', ...(spec.terminal ? ['--tty'] : []), '--process', files.process, '--pid-file', files.pid, id],
  ];
}

function renderProcess(record: GuestRecord, spec: ExecSpec) {
  const cwd = normalize(spec.cwd);
  if (!cwd.startsWith('/')) throw new HostError(`working directory "${spec.cwd}" is not absolute`);
  // crun 1.8.1 follows /proc/self/fd/N and the like before it has let go of the host.
  if (cwd === '/proc' || cwd.startsWith('/proc/'))
    throw new HostError(`working directory ${spec.cwd} is refused: directories below /proc lead out of a guest`);
  if (spec.command.length === 0) throw new HostError('there is no command to run');
  const capabilities = guestCapabilities(record.droppedCapabilities);
  const held = spec.user === 0 ? capabilities : [];
  return {
    terminal: spec.terminal !== undefined,
    ...(spec.terminal ? { consoleSize: spec.terminal } : {}),
    user: { uid: spec.user, gid: spec.group },
    args: spec.command,
    env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    cwd,
    capabilities: { bounding: capabilities, effective: held, permitted: held, inheritable: [], ambient: [] },
    noNewPrivileges: false,
  };
}

type Heard = { pidWaiters: Set<() => void>; speaker: (speaker: Speaker) => void };

function session(spawned: Spawned, streams: ExecStreams, files: ExecFiles, heard: Heard): ExecSession {
  const inner = innerProcess(spawned, files, heard.pidWaiters);
  let killed = false;
  const send = (signal: number) => void inner.then((ref) => ref && signalProcess(ref, signal));
  const ended = spawned.exited.then(({ exitCode }) => {
    const log = existsSync(files.log) ? readFileSync(files.log, 'utf8') : '';
    files.remove();
    return { exitCode, log };
  });
  heard.speaker({
    runs: () => hasBecomeCommand(pidIn(files), spawned.pid),
    ran: ended.then(({ log }) => !wasNotStarted(log)),
  });
  const exitCode = ended.then(async ({ exitCode, log }) => {
    await streams.drained();
    // crun 1.8.1 stumbles over a terminal that is gone and loses the exit code.
    return killed ? killedCode : execOutcome(exitCode, log);
  });
  // Whoever wants to know the outcome gets the rejection; who does not must not end the daemon.
  exitCode.catch(() => {});
  return {
    stdin: streams.stdin,
    stdout: streams.stdout,
    ...(streams.stderr ? { stderr: streams.stderr } : {}),
    exitCode,
    resize: (width, height) => void inner.then((ref) => ref && streams.resize(ref.pid, { width, height })),
    signal: send,
    kill() {
      killed = true;
      // In this order: closed pipes would end the command by SIGPIPE first.
      void inner.then((ref) => {
        if (ref) signalProcess(ref, sigkill);
        streams.destroy();
      });
    },
  };
}

/** The process inside by its host pid. Killing `crun exec` would leave it behind. Undefined when it never came to be. */
function innerProcess(
  spawned: Spawned,
  files: ExecFiles,
  pidWaiters: Set<() => void>,
): Promise<ProcessRef | undefined> {
  const { promise, resolve } = Promise.withResolvers<ProcessRef | undefined>();
  const look = () => {
    const pid = pidIn(files);
    if (pid !== undefined) resolve(processRef(pid));
  };
  pidWaiters.add(look);
  look();
  void spawned.exited.then(() => resolve(undefined));
  void promise.then(() => pidWaiters.delete(look));
  return promise;
}

function pidIn(files: ExecFiles): number | undefined {
  const pid = existsSync(files.pid) ? Number.parseInt(readFileSync(files.pid, 'utf8'), 10) : 0;
  return pid > 0 ? pid : undefined;
}
