/**
 * Where the engine keeps what belongs to a virtual machine. Everything is below the state directory, which is 0700; logs
 * are apart, because they stay after `remove`.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../../lib/host-error.ts';
import type { SocketName } from './machine.ts';

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
    /** There between create and start: QEMU's room waits behind it. */
    gate: (id: string) => state('m', id, 'gate'),
    socket: (id: string, name: SocketName) => state('m', id, name),
    /** The supervisor writes `exits/ID` when QEMU has ended. */
    exits: state('x'),
    exit: (id: string) => state('x', id),
    rooms: roomsDirectory,
    /** QEMU's root is mounted there, in a mount namespace of its own. */
    room: (id: string) => join(roomsDirectory, id),
    logs: (id: string) => join(logDirectory, id),
    consoleLog: (id: string) => join(logDirectory, id, 'console.log'),
    engineLog: (id: string) => join(logDirectory, id, 'engine.log'),
  };
}

/** Makes the directories, all of them closed to other users of the host. */
export function makeDirectories(layout: Layout, logDirectory: string): void {
  for (const path of [layout.machines, layout.exits, logDirectory, layout.rooms])
    mkdirSync(path, { recursive: true, mode: 0o700 });
  for (const path of [layout.machines, layout.exits]) chmodSync(path, 0o700);
}
