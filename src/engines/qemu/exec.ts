/**
 * Commands inside a machine. The guest agent starts them, but has no streams for them: each gets three ports of its own
 * (ports.ts), to which a few lines of shell in the guest connect it. Output ends with a mark that only the two know, because
 * a port has no end of its own.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecSession, ExecSpec } from '../../core/ports/engine.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Agent } from './agent.ts';
import { closePort, openPort } from './ports.ts';
import type { Qmp } from './qmp.ts';
import { untilMark } from './until-mark.ts';

export type ExecNeeds = {
  agent: <T>(work: (agent: Agent) => Promise<T>) => Promise<T>;
  monitor: <T>(work: (qmp: Qmp) => Promise<T>) => Promise<T>;
};

const signalBase = 128;
const sigkill = 9;
/** The agent is asked this often whether a command still runs: one that vanished with its guest says no more. */
const guardMs = 3000;
const lookMs = 10;

/**
 * $1: prefix of the ports, $2: the mark, then directory, user and group. The command's process id goes out first. Sleeping
 * parts of a second is beyond POSIX, and known to every guest that has an agent.
 */
const connectCommand = `prefix=$1 mark=$2 cwd=$3 user=$4 group=$5; shift 5
port() {
  tries=0
  while [ $tries -lt 500 ]; do
    for p in /sys/class/virtio-ports/*; do
      if [ "$(cat "$p/name" 2>/dev/null)" = "$prefix$1" ] && [ -c "/dev/\${p##*/}" ]; then printf %s "/dev/\${p##*/}"; return; fi
    done
    tries=$((tries + 1)); sleep 0.01
  done
  exit 125
}
exec 3<"$(port 0)" 4>"$(port 1)" 5>"$(port 2)" || exit 125
(
  cd "$cwd" || exit 126
  [ "$user:$group" = 0:0 ] || exec setpriv --reuid="$user" --regid="$group" --clear-groups -- "$@"
  exec "$@"
) <&3 >&4 2>&5 3<&- 4>&- 5>&- &
child=$!
exec 3<&-
printf '%s\\n' "$child" >&5
wait "$child"; code=$?
printf %s "$mark" >&4
printf %s "$mark" >&5
exit "$code"`;

export async function executeInMachine(needs: ExecNeeds, spec: ExecSpec): Promise<ExecSession> {
  if (spec.terminal)
    throw new HostError('a terminal inside a virtual machine is not offered', {
      help: 'run the command without one (gast exec -T), or use gast console',
    });
  const prefix = `exec.${randomBytes(6).toString('hex')}.`;
  const mark = randomBytes(18).toString('base64url');
  const ports = await openPorts(needs, prefix);
  try {
    const words = ['-c', connectCommand, 'sh', prefix, mark, spec.cwd, String(spec.user), String(spec.group)];
    const env = Object.entries(spec.environment).map(([key, value]) => `${key}=${value}`);
    const started = await needs.agent((agent) =>
      agent.ask('guest-exec', { path: '/bin/sh', arg: [...words, ...spec.command], env }),
    );
    const { pid } = started as { pid: number };
    return follow(needs, { pid, prefix, mark, ports });
  } catch (error) {
    await closePorts(needs, prefix);
    throw error;
  }
}

type Ports = [stdin: Socket, stdout: Socket, stderr: Socket];

async function openPorts(needs: ExecNeeds, prefix: string): Promise<Ports> {
  return needs.monitor(async (qmp) => {
    const opened: Socket[] = [];
    try {
      for (const index of [0, 1, 2]) opened.push(await openPort(qmp, `${prefix}${index}`));
      return opened as Ports;
    } catch (error) {
      for (const [index, socket] of opened.entries()) {
        socket.destroy();
        await closePort(qmp, `${prefix}${index}`);
      }
      throw error;
    }
  });
}

async function closePorts(needs: ExecNeeds, prefix: string): Promise<void> {
  // A machine that has ended took its ports along.
  await needs
    .monitor(async (qmp) => {
      for (const index of [0, 1, 2]) await closePort(qmp, `${prefix}${index}`);
    })
    .catch(() => {});
}

type Running = { pid: number; prefix: string; mark: string; ports: Ports };

function follow(needs: ExecNeeds, { pid, prefix, mark, ports }: Running): ExecSession {
  const [stdin, outPort, errPort] = ports;
  stdin.on('error', () => {});
  const stdout = outPort.pipe(untilMark(mark));
  const child = Promise.withResolvers<number>();
  const stderr = errPort.pipe(untilMark(mark, child.resolve));
  const streams = [stdout, stderr].map((stream) => stream.pipe(new PassThrough()));
  const status = async () =>
    (await needs.agent((agent) => agent.ask('guest-exec-status', { pid }))) as {
      exited: boolean;
      exitcode?: number;
      signal?: number;
    };
  const send = (signal: number) =>
    void child.promise
      .then((inner) =>
        needs.agent((agent) => agent.ask('guest-exec', { path: '/bin/kill', arg: [`-${signal}`, String(inner)] })),
      )
      .catch(() => {});

  async function ended(): Promise<number> {
    const marked = Promise.all([stdout, stderr].map((stream) => stream.marked));
    const gone = new AbortController();
    const vanished = guard(status, gone.signal);
    const isMarked = await Promise.race([marked.then(() => true), vanished.then(() => false)]);
    gone.abort();
    if (!isMarked) return signalBase + sigkill;
    for (;;) {
      const { exited, exitcode, signal } = await status();
      if (exited) return exitcode ?? signalBase + (signal ?? sigkill);
      await sleep(lookMs);
    }
  }

  const exitCode = ended()
    .catch(() => signalBase + sigkill)
    .finally(async () => {
      for (const port of ports) port.destroy();
      for (const stream of [stdout, stderr]) stream.end();
      await closePorts(needs, prefix);
    });
  const [out, err] = streams as [PassThrough, PassThrough];
  return {
    stdin,
    stdout: out,
    stderr: err,
    exitCode,
    resize: () => {},
    signal: send,
    kill: () => send(sigkill),
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
