/**
 * The supervisor of one virtual machine (libexec/machine) and below it, in namespaces of its own, QEMU's room
 * (libexec/machine-room). It leaves our process tree at once and outlives the daemon. All files and sockets of the machine
 * are opened here and handed over: in its room QEMU finds nothing to open, and has no rights to open it with.
 */
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { joinGroups } from '../../host/join-groups.ts';
import { libexec } from '../../host/libexec.ts';
import { beingRoot } from '../../host/own-namespaces.ts';
import { makePipe } from '../../host/pipe.ts';
import { type ProcessRef, processArguments, processRef } from '../../host/process.ts';
import { spawnProgram } from '../../host/spawn.ts';
import { openUnixStream } from '../../host/unix-connection.ts';
import { openUnixListener } from '../../host/unix-listener.ts';
import { HostError } from '../../lib/host-error.ts';
import { firstLine } from '../first-line.ts';
import type { Layout } from './layout.ts';
import { bootPaths } from './machine/boot.ts';
import type { Handed, MachineSpec } from './machine/spec.ts';
import { openDiskFile } from './open-file.ts';
import { tpmWord } from './tpm.ts';

/** Descriptors of the room: the gate and its answer; what QEMU is handed follows. */
export const firstDescriptor = 5;
const answerTimeoutMs = 30_000;

/**
 * The first child after `unshare --pid` is the new namespace's process 1. It is a shell's, for `unshare --fork` of util-linux
 * 2.38 fails to tell by which signal its child ended.
 */
const isolated = ['unshare', '--net', '--ipc', '--uts', '--pid', '--', 'sh', '-c', '"$@"; exit $?', 'sh'];
const withOwnRoot = ['unshare', '--mount', '--propagation', 'private', '--'];

export type Waiting = {
  /** The process that becomes QEMU. */
  qemu: ProcessRef;
  supervisor: ProcessRef;
  /** Lets it become QEMU. */
  go(): void;
} & Disposable;

export type Room = { spec: MachineSpec; uid: number; program: string; groups: readonly string[] };

/** Resolves when the room is ready; the network namespace of `qemu` is the machine's. */
export async function openRoom(
  layout: Layout,
  { spec, uid, program, groups }: Room,
  { words, handed }: { words: readonly string[]; handed: readonly Handed[] },
  signal?: AbortSignal,
): Promise<Waiting> {
  const { id } = spec;
  mkdirSync(layout.room(id), { recursive: true, mode: 0o700 });
  using opened = openAll(layout, id, handed);
  const gate = makePipe();
  try {
    const log = openSync(layout.engineLog(id), 'a', 0o600);
    opened.add(log);
    const room = [libexec('machine-room'), layout.room(id), String(uid), ...bootFiles(spec), '--', program, ...words];
    const joined = joinGroups(groups, [...beingRoot(), ...isolated, ...withOwnRoot, ...room]);
    const spawned = spawnProgram(libexec('machine'), [layout.exit(id), ...joined.words], {
      stdio: ['ignore', log, log, gate.read, 'pipe', ...opened.descriptors],
      env: joined.env,
      detached: true,
      freshKeyring: true,
    });
    const supervisor = processRef(spawned.pid);
    const pid = Number.parseInt(await firstLine(spawned.pipes.get(4), answerTimeoutMs, signal), 10);
    const qemu = pid > 0 ? processRef(pid) : undefined;
    if (!qemu || !supervisor)
      throw new HostError(`machine ${id}: its room could not be made`, { help: `see ${layout.engineLog(id)}` });
    return {
      qemu,
      supervisor,
      go: () => void writeSync(gate.write, 'go\n'),
      [Symbol.dispose]: () => closeSync(gate.write),
    };
  } catch (error) {
    closeSync(gate.write);
    throw error;
  } finally {
    closeSync(gate.read);
  }
}

const bootFiles = ({ machine: { boot } }: MachineSpec): string[] =>
  boot.kind === 'firmware'
    ? []
    : Object.keys(bootPaths).flatMap((name) => {
        const path = boot[name as keyof typeof bootPaths];
        return path === undefined ? [] : [`${name}=${path}`];
      });

function openAll(layout: Layout, id: string, handed: readonly Handed[]) {
  const descriptors: number[] = [];
  const others: number[] = [];
  const close = () => {
    for (const fd of [...descriptors, ...others]) closeSync(fd);
  };
  try {
    for (const one of handed) descriptors.push(open(layout, id, one));
  } catch (error) {
    close();
    throw error;
  }
  return { descriptors, add: (fd: number) => void others.push(fd), [Symbol.dispose]: close };
}

function open(layout: Layout, id: string, one: Handed): number {
  if ('socket' in one) return openUnixListener(layout.socket(id, one.socket));
  if ('share' in one) return openUnixStream(layout.share(id, one.share));
  if (one.file === layout.consoleLog(id)) {
    mkdirSync(layout.logs(id), { recursive: true, mode: 0o700 });
    // Of this run only; the engine's log goes on.
    rmSync(one.file, { force: true });
    return openSync(one.file, 'a', 0o600);
  }
  return openDiskFile({
    path: one.file,
    readOnly: !one.write,
    ...(one.inside === undefined ? {} : { inside: one.inside }),
  });
}

/** Told by its arguments: the path of the exit file is nobody else's. */
export function isOfMachine(pid: number, layout: Layout, id: string): boolean {
  const words = processArguments(pid);
  const room = layout.room(id);
  const own = [layout.exit(id), room, tpmWord(id)];
  return words.some((word) => own.includes(word) || word.startsWith(`${room}.`));
}
