/** A virtual machine as its engine is told of it: from config, devices and the disk in its pool. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import type { DevicesMap, InstanceDoc } from '../model.ts';
import type { Machine } from '../ports/machine.ts';
import type { Pool } from '../ports/storage.ts';
import { bootIndexes } from './boot-order.ts';
import { checkKindOfDevices } from './devices.ts';
import type { Expanded } from './expand.ts';
import { identityOf, seedOf } from './machine-identity.ts';
import { modelOf } from './machine-model.ts';
import { type MachinePartNeeds, machineParts } from './machine-parts.ts';
import { growRoot } from './root-size.ts';
import { rootDiskId } from './roots.ts';
import { screenOf } from './screen.ts';

/** Before anything is touched: whether this host runs machines at all, and can give this one what it has. */
export async function checkMachine(
  house: Pick<House, 'engines' | 'devices' | 'documents'>,
  devices: DevicesMap,
): Promise<void> {
  const reason = await house.engines['virtual-machine'].unusable();
  if (reason !== undefined) fail('instance.no-machines', { reason });
  checkKindOfDevices(house, { type: 'virtual-machine', project: '' }, devices);
}

/** A bigger root disk than the last time is made so before the machine starts; a smaller one would lose what is on it. */
export async function machineOf(
  house: MachinePartNeeds & Pick<House, 'engines' | 'facts'>,
  doc: InstanceDoc,
  { config, devices }: Expanded,
  pool: Pool,
): Promise<Machine> {
  await growRoot(house, doc, devices);
  const { id, project } = doc;
  const chain = await pool.disks.chain({ id });
  const screen = screenOf(config);
  const identity = identityOf(doc);
  const seed = seedOf(doc, config);
  return {
    disks: [{ id: rootDiskId, chain, serial: 'root' }],
    parts: await machineParts(house, { id, project }, devices),
    bootIndexes: bootIndexes(house, devices),
    maxCpus: house.facts.cpus,
    ...modelOf(house, { config, devices }, await pool.machineFiles.make(id)),
    ...(screen ? { screen } : {}),
    ...(identity ? { identity } : {}),
    ...(seed ? { seed } : {}),
  };
}
