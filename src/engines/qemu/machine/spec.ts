/** What the parts of a command line are made from, and how each asks for files, sockets and places on the bus. */
import type { Limits } from '../../../core/ports/engine.ts';
import type { Machine } from '../../../core/ports/machine.ts';
import type { Accelerator } from '../accelerator.ts';

export type MachineSpec = {
  id: string;
  limits: Limits;
  nics: readonly { name: string; hwaddr: string }[];
  machine: Machine;
  /** The file of the disk of cloud-init. */
  seed?: string;
  /** Files of the firmware, where it is UEFI. */
  uefi?: { code: string; variables: string; secureBoot: boolean };
};

/** What the child is given besides its standard streams, in the order of its descriptors. */
export type Handed =
  | { socket: SocketName }
  | { file: string; write: boolean; inside?: string }
  /** A connection to the program that serves a share. */
  | { share: string };
export const socketNames = ['monitor', 'events', 'serial', 'agent'] as const;
export type SocketName = (typeof socketNames)[number];

export type Rendering = {
  accelerator: Accelerator;
  consoleLog: string;
  /** This QEMU has the module for it. */
  spice: boolean;
  /** A file as QEMU may open it: the name of its descriptor set, one for each. */
  file(path: string, write: boolean, inside?: string): string;
  /** The number of a descriptor that is connected to the program of a share. */
  connected(share: string): number;
  /** The words of a character device that listens at one of the sockets; its id is the socket's name. */
  listening(socket: SocketName): string;
  /** The next free place on the PCI bus, as a property of a device: `bus=rp3`. */
  place(): string;
  /** The same place as the bare name of its bus: `rp3`. */
  port(): string;
};

/** A part gives words of the command line. The order of parts is the order of places: it may not change for a kept machine. */
export type Part = (spec: MachineSpec, rendering: Rendering) => string[];
