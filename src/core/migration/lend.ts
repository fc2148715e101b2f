/** Lending a volume or a snapshot of it to a transfer: mounted with unshifted ids for as long as it takes. */
import type { House } from '../house.ts';
import type { BesideTree } from '../ports/backups.ts';
import type { ArrivingDisk } from '../ports/disk-content.ts';
import type { LentTree } from '../ports/migration.ts';
import type { Pool, VolumeState, Volumes, Work } from '../ports/storage.ts';

/** A state of a machine's disk that nobody writes, for as long as it is sent. */
export async function lendDisk(
  { disks, machineFiles }: Pick<Pool, 'disks' | 'machineFiles'>,
  at: VolumeState,
  beside: BesideTree,
  use: (tree: LentTree) => Promise<void>,
  work: Work,
): Promise<void> {
  await using content = await disks.content(at, work);
  await use({ disk: { content }, beside: { ...beside, machine: await machineFiles.read(at) } });
}

/** A place for a disk that arrives. Gives what lies beside it. */
export async function lendPlace(
  { disks, machineFiles }: Pick<Pool, 'disks' | 'machineFiles'>,
  at: VolumeState,
  use: (tree: LentTree) => Promise<void>,
  work: Work,
): Promise<BesideTree> {
  let arrived = false;
  const receive = async (disk: ArrivingDisk) => {
    await disks.receive(at, disk, work);
    arrived = true;
  };
  const tree: LentTree = { disk: { receive }, beside: nothing };
  await use(tree);
  if (arrived) await machineFiles.write(at, tree.beside.machine ?? {});
  return tree.beside;
}

/** A volume has nothing beside it. */
export const nothing: BesideTree = { templates: {} };

/** Gives what lies beside the tree at the end. */
export async function lendVolume(
  house: Pick<House, 'mountDirectory' | 'clock'>,
  volumes: Pick<Volumes, 'mount' | 'unmount'>,
  state: { id: string; snapshot?: string | undefined; readOnly: boolean },
  beside: BesideTree,
  use: (tree: LentTree) => Promise<void>,
): Promise<BesideTree> {
  const rootfs = `${house.mountDirectory}/migration-${house.clock.uuid()}`;
  const { id, snapshot, readOnly } = state;
  await volumes.mount(id, rootfs, { ...(snapshot === undefined ? {} : { snapshot }), readOnly });
  try {
    const tree: LentTree = { rootfs, beside };
    await use(tree);
    return tree.beside;
  } finally {
    await volumes.unmount(rootfs);
  }
}
