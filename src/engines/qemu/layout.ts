/**
 * Where the engine keeps what belongs to a virtual machine. Everything is below the state directory, which is 0700; logs
 * are apart, because they stay after `remove`.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../../lib/host-error.ts';
import type { SocketName } from './machine/spec.ts';

export type Layout = ReturnType<typeof createLayout>;

const longestSocket = '/m/0123456789ab/monitor';
const socketPathBytes = 107;

export function createLayout(stateDirectory: string, logDirectory: string, roomsDirectory: string) {
  if (Buffer.byteLength(stateDirectory + longestSocket) > socketPathBytes)
    throw new HostError(`${stateDirectory}: too long, sockets in it would exceed ${socketPathBytes} bytes`, {
      help: 'choose a shorter GASTHOF_DIR',
    });
  const state = (...parts: string[]) => join(stateDirectory, ...parts);
  return {
    machines: state('m'),
    machine: (id: string) => state('m', id),
    /** Marks of this run: `killed`. */
    persist: (id: string) => state('m', id),
    record: (id: string) => state('m', id, 'machine.json'),
    /** There while file systems inside are frozen for a snapshot. */
    stillFiles: (id: string) => state('m', id, 'still-files'),
    /** The disk of cloud-init. */
    seed: (id: string) => state('m', id, 'seed'),
    /** There between create and start: QEMU's room waits behind it. */
    gate: (id: string) => state('m', id, 'gate'),
    socket: (id: string, name: SocketName) => state('m', id, name),
    /** Where the program that serves a share listens. The name of a device may be longer than that of a socket. */
    share: (id: string, share: string) =>
      state('m', id, `s-${createHash('sha256').update(share).digest('hex').slice(0, 5)}`),
    /** The supervisor writes `exits/ID` when QEMU has ended. */
    exits: state('x'),
    exit: (id: string) => state('x', id),
    rooms: roomsDirectory,
    /** QEMU's root is mounted there, in a mount namespace of its own. */
    room: (id: string) => join(roomsDirectory, id),
    /** The root of the program that serves a share; what belongs to it begins so. */
    shareRoom: (id: string, share: string) => join(roomsDirectory, `${id}.s-${shortName(share)}`),
    logs: (id: string) => join(logDirectory, id),
    consoleLog: (id: string) => join(logDirectory, id, 'console.log'),
    engineLog: (id: string) => join(logDirectory, id, 'engine.log'),
  };
}

const shortName = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 5);

/** Makes the directories, all of them closed to other users of the host. */
export function makeDirectories(layout: Layout, logDirectory: string): void {
  for (const path of [layout.machines, layout.exits, logDirectory, layout.rooms])
    mkdirSync(path, { recursive: true, mode: 0o700 });
  for (const path of [layout.machines, layout.exits]) chmodSync(path, 0o700);
}
