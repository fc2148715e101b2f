/** A virtual machine as its engine is told of it: from config, devices and the disk in its pool. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import type { ConfigMap, DevicesMap, InstanceDoc } from '../model.ts';
import type { Machine, MachineBoot } from '../ports/machine.ts';
import type { Pool } from '../ports/storage.ts';
import { checkMachineDevices } from './devices.ts';
import type { Expanded } from './expand.ts';
import { rootDiskId, rootSizeBytes } from './roots.ts';

/** Before anything is touched: whether this host runs machines at all, and can give this one what it has. */
export async function checkMachine(house: Pick<House, 'engines' | 'devices'>, devices: DevicesMap): Promise<void> {
  const reason = await house.engines['virtual-machine'].unusable();
  if (reason !== undefined) fail('instance.no-machines', { reason });
  checkMachineDevices(house, devices);
}

/** A bigger root disk than the last time is made so before the machine starts; a smaller one would lose what is on it. */
export async function machineOf(
  house: Pick<House, 'devices'>,
  { id }: InstanceDoc,
  { config, devices }: Expanded,
  pool: Pool,
): Promise<Machine> {
  const wanted = rootSizeBytes(house, devices) ?? 0;
  if (wanted > (await pool.disks.sizeBytes({ id }))) await pool.disks.grow(id, wanted);
  const chain = await pool.disks.chain({ id });
  return { disks: [{ id: rootDiskId, chain, bootIndex: 1, serial: 'root' }], boot: bootOf(config) };
}

function bootOf(config: ConfigMap): MachineBoot {
  const { 'machine.kernel': kernel, 'machine.initrd': initrd, 'machine.cmdline': append = '' } = config;
  if (kernel === undefined) return { kind: 'firmware' };
  return { kind: 'kernel', kernel, ...(initrd === undefined ? {} : { initrd }), append };
}
