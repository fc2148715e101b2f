/**
 * Commands inside a machine. The guest agent starts them, but has no streams for them: each gets ports of its own
 * (ports.ts), to which a few lines of shell in the guest connect it (guest-shell.ts). Output ends with a mark that only the two know, because
 * a port has no end of its own.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecSession, ExecSpec } from '../../core/ports/engine.ts';
import type { HostError } from '../../lib/host-error.ts';
import type { Agent } from './agent.ts';
import { type Look, lookAt } from './command-status.ts';
import { resizeWords, shellWords } from './guest-shell.ts';
import { closePort, openPort } from './ports.ts';
import type { Monitor } from './qmp.ts';
import { untilMark } from './until-mark.ts';

export type ExecNeeds = {
  agent: <T>(work: (agent: Agent) => Promise<T>) => Promise<T>;
  monitor: Monitor;
};

/** Names of ports that carry commands; they are nobody's when the daemon that opened them is gone. */
export const execPrefix = 'exec.';

const signalBase = 128;
const sigkill = 9;
/** The agent is asked this often whether a command still runs: one that vanished with its guest says no more. */
const guardMs = 3000;
const lookMs = 10;
const looksInTurn = 10;

export async function executeInMachine(needs: ExecNeeds, spec: ExecSpec): Promise<ExecSession> {
  const prefix = `${execPrefix}${randomBytes(6).toString('hex')}.`;
  const mark = randomBytes(18).toString('base64url');
  // A terminal has one stream for output and errors.
  const names = (spec.terminal ? [0, 1] : [0, 1, 2]).map((index) => `${prefix}${index}`);
  const ports = await openPorts(needs, names);
  try {
    const env = Object.entries(spec.environment).map(([key, value]) => `${key}=${value}`);
    const started = await needs.agent((agent) =>
      agent.ask('guest-exec', { path: '/bin/sh', arg: shellWords(spec, prefix, mark), env }),
    );
    const { pid } = started as { pid: number };
    return follow(needs, { pid, names, mark, ports });
  } catch (error) {
    for (const port of ports) port.destroy();
    await closePorts(needs, names);
    throw error;
  }
}

async function openPorts(needs: ExecNeeds, names: readonly string[]): Promise<Socket[]> {
  return needs.monitor(async (qmp) => {
    const opened: Socket[] = [];
    try {
      for (const name of names) opened.push(await openPort(qmp, name));
      return opened;
    } catch (error) {
      for (const [index, socket] of opened.entries()) {
        socket.destroy();
        await closePort(qmp, names[index] ?? '');
      }
      throw error;
    }
  });
}

async function closePorts(needs: ExecNeeds, names: readonly string[]): Promise<void> {
  // A machine that has ended took its ports along.
  await needs
    .monitor(async (qmp) => {
      for (const name of names) await closePort(qmp, name);
    })
    .catch(() => {});
}

type Running = { pid: number; names: readonly string[]; mark: string; ports: readonly Socket[] };
/** The command's process in the guest, and the terminal that it has. */
type Child = { pid: string; device: string };

function follow(needs: ExecNeeds, { pid, names, mark, ports }: Running): ExecSession {
  const [inPort, outPort, errPort] = ports as [Socket, Socket, Socket?];
  inPort.on('error', () => {});
  const child = Promise.withResolvers<Child>();
  const onFirstLine = (line: string) => {
    const [inner = '', device = ''] = line.split(' ');
    if (/^[1-9]\d*$/.test(inner)) child.resolve({ pid: inner, device });
  };
  const stdout = outPort.pipe(untilMark(mark, errPort ? undefined : onFirstLine));
  // What is typed before the terminal is set up would be echoed before the first line.
  const stdin = errPort ? inPort : new PassThrough();
  if (stdin !== inPort) void child.promise.then(() => stdin.pipe(inPort));
  const stderr = errPort?.pipe(untilMark(mark, onFirstLine));
  const marks = stderr ? [stdout, stderr] : [stdout];
  const [out, err] = marks.map((stream) => stream.pipe(new PassThrough()));
  const look = lookAt(pid);
  const run = (path: string, arg: string[]) => needs.agent((agent) => agent.ask('guest-exec', { path, arg }));
  const send = (signal: number) =>
    void child.promise.then((inner) => run('/bin/kill', [`-${signal}`, inner.pid])).catch(() => {});
  const resize = latest(async ([width, height]: [number, number]) => {
    const { device } = await child.promise;
    const resizing = (await run('/bin/sh', resizeWords(width, height, device))) as { pid: number };
    await ended(needs, lookAt(resizing.pid));
  });

  async function outcome(): Promise<number> {
    const gone = new AbortController();
    const vanished = guard(() => needs.agent(look), gone.signal);
    const marked = Promise.all(marks.map((stream) => stream.marked));
    const isMarked = await Promise.race([marked.then(() => true), vanished.then(() => false)]);
    gone.abort();
    return isMarked ? ended(needs, look) : signalBase + sigkill;
  }

  const exitCode = outcome()
    .catch(() => signalBase + sigkill)
    .finally(async () => {
      for (const port of ports) port.destroy();
      for (const stream of marks) stream.end();
      await closePorts(needs, names);
    });
  return {
    stdin,
    stdout: out as PassThrough,
    ...(err ? { stderr: err } : {}),
    exitCode,
    resize: (width, height) => resize([width, height]),
    signal: send,
    kill: () => send(sigkill),
  };
}

/** The exit code of what is about to end: one turn at the agent serves several looks. */
async function ended({ agent }: ExecNeeds, look: Look): Promise<number> {
  for (;;) {
    const status = await agent(async (one) => {
      for (let looks = 1; ; looks++) {
        const found = await look(one);
        if (found.exited || looks === looksInTurn) return found;
        await sleep(lookMs);
      }
    });
    if (status.exited) return status.exitcode ?? signalBase + (status.signal ?? sigkill);
  }
}

/** Does one thing after the other; of those that wait only the last, which makes the others moot. */
function latest<T>(work: (value: T) => Promise<void>): (value: T) => void {
  let waiting: [T] | undefined;
  let isBusy = false;
  const next = async () => {
    for (let one = waiting; one; one = waiting) {
      waiting = undefined;
      await work(one[0]).catch(() => {});
    }
    isBusy = false;
  };
  return (value) => {
    waiting = [value];
    if (isBusy) return;
    isBusy = true;
    void next();
  };
}

/** Resolves when the agent knows nothing of the command any more, or is not there for good. */
async function guard(status: () => Promise<{ exited: boolean }>, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(guardMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      if ((await status()).exited) return await sleep(guardMs);
    } catch (error) {
      // A guest that stands still answers later.
      if ((error as HostError).errno !== 'ETIMEDOUT') return;
    }
  }
}
