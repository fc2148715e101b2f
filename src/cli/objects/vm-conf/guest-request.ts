/** A planned machine as the API is asked for it, and how one that is there differs from it. Pure. */
import type { InstanceFull, InstancesPost } from '../../../api/resources/instances.ts';
import { parseBytes } from '../../../lib/units.ts';
import { type PlannedMachine, serialConsole } from './plan.ts';

type Strings = Record<string, string>;

export function guestRequest(machine: PlannedMachine, pool: string): InstancesPost {
  return {
    name: machine.name,
    type: 'virtual-machine',
    profiles: [],
    config: configOf(machine),
    devices: devicesOf(machine, pool),
  };
}

function configOf({ memoryBytes, vmdName, autostart, delaySeconds, owner, kernel }: PlannedMachine): Strings {
  return {
    'limits.memory': `${memoryBytes / 2 ** 20}MiB`,
    'boot.autostart': String(autostart),
    ...(delaySeconds ? { 'boot.autostart.delay': String(delaySeconds) } : {}),
    ...(owner === undefined ? {} : { 'security.owner': owner }),
    // The firmware of vmd is a BIOS.
    ...(kernel ? {} : { 'security.csm': 'true' }),
    ...(kernel ? { 'machine.kernel': kernel.path, 'machine.cmdline': serialConsole } : {}),
    'user.vmd.name': vmdName,
  };
}

function devicesOf({ disks, cards, cdrom, bootFrom }: PlannedMachine, pool: string): Record<string, Strings> {
  const fromCd = cdrom !== undefined && (bootFrom === 'cdrom' || disks.length === 0);
  return {
    root: { type: 'disk', path: '/', pool },
    ...Object.fromEntries(
      disks.slice(1).map(({ path }, index) => [`disk${index + 1}`, { type: 'disk', source: path }]),
    ),
    ...(cdrom ? { cdrom: { type: 'disk', source: cdrom.path, ...(fromCd ? { 'boot.priority': '10' } : {}) } } : {}),
    ...Object.fromEntries(
      cards.map(({ name, network, hwaddr }) => [name, { type: 'nic', name, network, ...(hwaddr ? { hwaddr } : {}) }]),
    ),
  };
}

/** Settings of the file that the guest does not have; the command line of a kernel is meant to be completed. */
export function differencesOf(machine: PlannedMachine, there: InstanceFull): string[] {
  if (there.type !== 'virtual-machine') return [`it is a ${there.type}`];
  const config = Object.entries(configOf(machine)).filter(([key]) => key !== 'machine.cmdline');
  const devices = Object.entries(devicesOf(machine, '')).filter(([name]) => name !== 'root');
  const said = (value: string | undefined) => (value === undefined ? 'nothing' : value);
  return [
    ...config
      .filter(([key, value]) => !same(key, there.expanded_config[key], value))
      .map(([key, value]) => `${key} is ${said(there.expanded_config[key])}, in the file ${value}`),
    ...devices.flatMap(([name, keys]) => {
      const own = there.expanded_devices[name];
      if (!own) return [`it has no device ${name}`];
      return Object.entries(keys)
        .filter(([key, value]) => own[key] !== value)
        .map(([key, value]) => `${name}: ${key} is ${said(own[key])}, in the file ${value}`);
    }),
  ];
}

const same = (key: string, has: string | undefined, wanted: string) =>
  has === wanted || (key === 'limits.memory' && has !== undefined && parseBytes(has) === parseBytes(wanted));
