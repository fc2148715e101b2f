/** Volumes of the dir driver: `root`, a whole copy of the tree with unshifted ids, mounted with shifted ones. */
import { closeSync } from 'node:fs';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyTree } from '../../host/copy-tree.ts';
import { bindMount, unmountAside } from '../../host/mount.ts';
import { ownNamespaces } from '../../host/own-namespaces.ts';
import { openLayerNamespace } from '../../host/userns.ts';
import { HostError } from '../../lib/host-error.ts';
import type { VolumeFormat } from '../volume-format.ts';

export const dirFormat: VolumeFormat = {
  content: 'root',
  standsOn: async () => undefined,
  unmount: unmountAside,

  async fill(directory, image, work) {
    const root = join(directory, 'root');
    if (image) return copyTree(image.directory, root, work);
    await mkdir(root);
    await chown(root, 0, 0);
    await chmod(root, 0o755);
  },

  duplicate: (from, to, work) => copyTree(join(from, 'root'), join(to, 'root'), work),

  async mount(directory, target, { range, readOnly }) {
    if (ownNamespaces() && range && range.base !== 0)
      throw new HostError('isolated guests of an ordinary user need a pool with the driver overlay', {
        errno: 'EPERM',
      });
    const idMap = range && (await openLayerNamespace(range));
    try {
      const attributes = { readOnly, nodev: true, ...(range ? {} : { nosuid: true, noexec: true }) };
      bindMount(join(directory, 'root'), target, { attributes, idMap });
    } finally {
      if (idMap !== undefined) closeSync(idMap);
    }
  },
};
