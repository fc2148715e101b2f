/** Lending a volume or a snapshot of it to a transfer: mounted with unshifted ids for as long as it takes. */
import type { House } from '../house.ts';
import type { LentTree } from '../ports/migration.ts';
import type { Volumes } from '../ports/storage.ts';

export async function lendVolume(
  house: Pick<House, 'mountDirectory' | 'clock'>,
  volumes: Pick<Volumes, 'mount' | 'unmount'>,
  state: { id: string; snapshot?: string | undefined; readOnly: boolean },
  beside: Map<string, string>,
  use: (tree: LentTree) => Promise<void>,
): Promise<void> {
  const rootfs = `${house.mountDirectory}/migration-${house.clock.uuid()}`;
  const { id, snapshot, readOnly } = state;
  await volumes.mount(id, rootfs, { ...(snapshot === undefined ? {} : { snapshot }), readOnly });
  try {
    await use({ rootfs, beside });
  } finally {
    await volumes.unmount(rootfs);
  }
}
