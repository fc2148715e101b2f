/** What an import of a vm.conf would make here, before anything is made. */
import type { Place } from './lexer.ts';
import type { Problem } from './statements.ts';

/** What is not taken over: why, and what to do instead. */
export type Note = Place & { what: string; why: string };

export type PlannedNetwork = Place & { name: string; there: boolean };
export type PlannedCard = Place & { name: string; network: string; hwaddr?: string };
export type PlannedDisk = Place & { path: string; format?: 'raw' | 'qcow2' };
export type PlannedMachine = Place & {
  name: string;
  /** As vm.conf names it. */
  vmdName: string;
  memoryBytes: number;
  kernel?: Place & { path: string };
  disks: PlannedDisk[];
  cdrom?: Place & { path: string };
  bootFrom?: 'cdrom' | 'disk';
  cards: PlannedCard[];
  autostart: boolean;
  delaySeconds?: number;
  /** `USER`, `USER:GROUP` or `:GROUP`. */
  owner?: string;
};

export type Plan = { networks: PlannedNetwork[]; machines: PlannedMachine[]; notes: Note[]; errors: Problem[] };

/** What the server has, as far as the plan depends on it. */
export type Surroundings = {
  networks: readonly string[];
  /** That of the default profile's card, with addresses and a way out. */
  defaultNetwork: string | undefined;
};

/** The command line of a kernel of Linux: where vmd, too, shows what a machine says. */
export const serialConsole = 'console=ttyS0';
