/** Lending a volume or a snapshot of it to a transfer: mounted with unshifted ids for as long as it takes. */
import type { House } from '../house.ts';
import type { BesideTree } from '../ports/backups.ts';
import type { LentTree } from '../ports/migration.ts';
import type { Volumes } from '../ports/storage.ts';

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
