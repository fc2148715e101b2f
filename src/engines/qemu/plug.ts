/** Putting devices into a machine that runs, and taking them out: what all kinds of them have in common. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HostError } from '../../lib/host-error.ts';
import type { Monitor, Qmp } from './qmp.ts';
import type { Reach } from './reach.ts';

const letGoMs = 30_000;
const lookMs = 100;

/** Ids of what was put in under a name. */
export async function peripherals(qmp: Qmp): Promise<string[]> {
  const found = (await qmp.ask('qom-list', { path: '/machine/peripheral' })) as { name: string; type: string }[];
  return found.filter(({ type }) => type.startsWith('child<')).map(({ name }) => name);
}

const isTaken = /occupied|in use|not available|does not support hotplug/;

/** Into the first free place of the PCI bus. */
export async function addAtFreePort(qmp: Qmp, device: (port: string) => Record<string, unknown>): Promise<void> {
  const ports = (await peripherals(qmp))
    .filter((id) => /^rp\d+$/.test(id))
    .sort((a, b) => Number(a.slice(2)) - Number(b.slice(2)));
  const free = await freePorts(qmp, ports);
  for (const port of free) {
    try {
      return void (await qmp.ask('device_add', device(port)));
    } catch (error) {
      if (!(error instanceof HostError) || !isTaken.test(error.message)) throw error;
    }
  }
  throw new HostError('the machine has no free place for a further device', {
    help: 'take another device out, or restart the machine: it gets new places then',
  });
}

/** Those that hold nothing; a place that only looks free says so when it is taken. */
async function freePorts(qmp: Qmp, ports: readonly string[]): Promise<string[]> {
  const free: string[] = [];
  for (const port of ports) {
    const children = (await qmp.ask('qom-list', { path: `/machine/peripheral/${port}/${port}` })) as { name: string }[];
    if (!children.some(({ name }) => name.startsWith('child['))) free.push(port);
  }
  return free;
}

/**
 * Resolves when the guest has let go of it; what is not there is gone. Looks again and again rather than waiting for the
 * event: others may use the monitor meanwhile.
 */
export async function takeOut(monitor: Monitor, id: string): Promise<void> {
  const isThere = () => monitor(async (qmp) => (await peripherals(qmp)).includes(id));
  if (!(await isThere())) return;
  await monitor((qmp) => qmp.ask('device_del', { id })).catch((error: Error) => {
    // A request that the guest has not answered yet stands.
    if (!/in the process of unplug|not found/.test(error.message)) throw error;
  });
  const deadline = Date.now() + letGoMs;
  while (await isThere()) {
    if (Date.now() > deadline)
      throw new HostError(`the guest does not let go of the device within ${letGoMs / 1000} s`, {
        errno: 'ETIMEDOUT',
        help: 'a system has to run in it, and not to use the device (unmount it there); else stop the machine first',
      });
    await sleep(lookMs);
  }
}

export type MonitorOf = (id: string) => Monitor;
export const monitorOf =
  ({ monitor }: Pick<Reach, 'monitor'>): MonitorOf =>
  (id) =>
  (work) =>
    monitor(id, work);
