/** What tests of the command line make small virtual machines with. */
import { tinyMachine } from '../machines/tiny-machine.ts';

const { kernel, initrd, append } = tinyMachine;
export const direct = [
  ...['-c', `machine.kernel=${kernel}`, '-c', `machine.initrd=${initrd}`],
  ...['-c', `machine.cmdline=${append}`],
];
export const small = ['-c', 'limits.memory=128MiB', '-d', 'root,size=64MiB'];
/** Emulated, on a machine that has other work. */
export const bootMs = 90_000;
