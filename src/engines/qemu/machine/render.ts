/**
 * A virtual machine as words of QEMU's command line. Pure: files and sockets are named by the descriptors under which the
 * child gets them, for QEMU itself can open nothing (see supervisor.ts).
 */
import type { Accelerator } from '../accelerator.ts';
import { fileTag } from '../file-tag.ts';
import { board } from './board.ts';
import { boot } from './boot.ts';
import { cards } from './cards.ts';
import { channels } from './channels.ts';
import { devices } from './devices.ts';
import { disks } from './disks.ts';
import { display } from './display.ts';
import { firmware } from './firmware.ts';
import { identity } from './identity.ts';
import { incoming } from './incoming.ts';
import { seed } from './seed.ts';
import { type Handed, type MachineSpec, type Part, type Rendering, socketNames } from './spec.ts';
import { tpm } from './tpm.ts';

/** A new part takes places after all others, so that nothing moves in a machine that is started again. */
const parts: readonly Part[] = [
  board,
  channels,
  disks,
  cards,
  devices,
  boot,
  display,
  incoming,
  firmware,
  tpm,
  identity,
  seed,
];

/** Places for what is plugged in later. */
const sparePorts = 8;

export function renderMachine(
  spec: MachineSpec,
  host: { accelerator: Accelerator; firstDescriptor: number; consoleLog: string; spice: boolean },
): { words: string[]; handed: Handed[] } {
  const handed: Handed[] = socketNames.map((socket) => ({ socket }));
  const sets: string[] = [];
  let places = 0;
  const rendering: Rendering = {
    accelerator: host.accelerator,
    consoleLog: host.consoleLog,
    spice: host.spice,
    file(path, write, inside) {
      const set = handed.push({ file: path, write, ...(inside === undefined ? {} : { inside }) });
      sets.push('-add-fd', `set=${set},fd=${host.firstDescriptor + set - 1},opaque=${fileTag(path)}`);
      return `/dev/fdset/${set}`;
    },
    listening: (socket) =>
      `socket,id=${socket},fd=${host.firstDescriptor + socketNames.indexOf(socket)},server=on,wait=off`,
    connected: (share) => host.firstDescriptor + handed.push({ share }) - 1,
    place: () => `bus=rp${places++}`,
    port: () => `rp${places++}`,
  };
  const words = parts.map((part) => part(spec, rendering));
  const ports = Array.from({ length: places + sparePorts }, (_, index) => [
    '-device',
    `pcie-root-port,id=rp${index},chassis=${index + 1}`,
  ]);
  // What others name comes before them.
  return { words: [...sets, ...ports.flat(), ...words.flat()], handed };
}
