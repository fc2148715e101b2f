/** Which device numbers a guest may open, beyond those that every guest has. */
import type { Cgroups } from '../../host/cgroup.ts';
import type { NodeNumber } from '../../host/plug.ts';
import { run } from '../../host/run.ts';
import type { Layout } from './layout.ts';
import { crunOptions } from './programs.ts';
import type { Programs } from './supervisor.ts';

type Needs = { layout: Layout; cgroups: Cgroups; programs: Programs };

/** null, zero, full, random, urandom, tty, console, ptmx: crun gives them to every container. */
const everyGuests = new Set(['c 1:3', 'c 1:5', 'c 1:7', 'c 1:8', 'c 1:9', 'c 5:0', 'c 5:1', 'c 5:2']);

const text = ({ kind, major, minor }: NodeNumber) => `${kind === 'char' ? 'c' : 'b'} ${major}:${minor}`;

/** `all`: what the guest may open afterwards. */
export function allowDevice(needs: Needs, id: string, number: NodeNumber, all: readonly NodeNumber[]): Promise<void> {
  return set(needs, id, number, { allow: true, all });
}

export function denyDevice(needs: Needs, id: string, number: NodeNumber, all: readonly NodeNumber[]): Promise<void> {
  return set(needs, id, number, { allow: false, all });
}

async function set(
  { layout, cgroups, programs }: Needs,
  id: string,
  number: NodeNumber,
  { allow, all }: { allow: boolean; all: readonly NodeNumber[] },
): Promise<void> {
  const device = text(number);
  if (everyGuests.has(device) || (number.kind === 'char' && number.major === 136)) return;
  if (cgroups.setDevice(id, device, allow)) return;
  // On v2 the list of devices is a program of the kernel, which crun makes anew from the whole list.
  const rule = ({ kind, major, minor }: NodeNumber) => ({
    allow: true,
    type: kind === 'char' ? 'c' : 'b',
    major,
    minor,
    access: 'rw',
  });
  const devices = [{ allow: false, access: 'rwm' }, ...all.map(rule)];
  const args = [...crunOptions(layout), 'update', '--resources', '-', id];
  await run(programs.crun, args, { input: JSON.stringify({ devices }) });
}
