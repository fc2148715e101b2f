/** The size of a machine's root disk, at rest and while it runs: it grows, and never shrinks. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import type { DevicesMap, InstanceDoc } from '../model.ts';
import { rootDevice } from './devices.ts';
import { rootDiskId, rootSizeBytes } from './roots.ts';

type Needs = Pick<House, 'devices' | 'pools' | 'engines' | 'runtime'>;

/** A change to less than the disk has is refused; a size that was there before is none. */
export async function checkRootSize(
  house: Needs,
  doc: InstanceDoc,
  before: DevicesMap,
  after: DevicesMap,
): Promise<void> {
  const wanted = rootSizeBytes(house, after);
  const disks = house.pools.get(doc.pool)?.disks;
  if (doc.type !== 'virtual-machine' || wanted === undefined || !disks) return;
  if (wanted === rootSizeBytes(house, before)) return;
  const size = await disks.sizeBytes({ id: doc.id });
  if (wanted >= size) return;
  const device = rootDevice(house, after)?.device ?? rootDiskId;
  fail('instance.devices', {
    device,
    reason: `the disk has ${size} bytes and cannot be made smaller: copy what is on it to a smaller one`,
  });
}

/** Does nothing for containers, and where the disk has the size already. */
export async function growRoot(house: Needs, doc: InstanceDoc, devices: DevicesMap): Promise<void> {
  const wanted = rootSizeBytes(house, devices);
  const disks = house.pools.get(doc.pool)?.disks;
  if (doc.type !== 'virtual-machine' || wanted === undefined || !disks) return;
  if (wanted <= (await disks.sizeBytes({ id: doc.id }))) return;
  const { machineParts } = house.engines[doc.type];
  const runs = house.runtime.get(doc.id) !== undefined && machineParts !== undefined;
  await disks.grow(doc.id, wanted, runs ? { resize: (bytes) => machineParts.resize(doc.id, rootDiskId, bytes) } : {});
}
