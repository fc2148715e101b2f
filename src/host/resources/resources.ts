/** What the host has, for `GET /1.0/resources`. Read anew at each call: a few hundred small files, some milliseconds. */
import { release } from 'node:os';
import type { Resources } from '../../core/ports/resources.ts';
import { readGraphicsCards, readNetworkCards } from './cards.ts';
import { readCpus } from './cpu.ts';
import { readDisks } from './disks.ts';
import { readMemory } from './memory.ts';
import { readPci, readUsb } from './pci.ts';
import type { KernelTrees } from './read.ts';
import { readLoad, readSystem } from './system.ts';

export function readResources(
  architecture: string,
  trees: KernelTrees = { sys: '/sys', proc: '/proc' },
  kernel: string = release(),
): Resources {
  return {
    cpu: readCpus(trees, architecture),
    memory: readMemory(trees),
    gpu: readGraphicsCards(trees, kernel),
    network: readNetworkCards(trees, kernel),
    storage: readDisks(trees),
    usb: readUsb(trees),
    pci: readPci(trees, kernel),
    system: readSystem(trees),
    load: readLoad(trees),
  };
}
