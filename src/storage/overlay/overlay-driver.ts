/** The default driver: every guest is a thin writable layer over the tree of its image. */
import type { StorageDriver } from '../../core/ports/storage.ts';
import { probeOverlay } from '../../host/overlay-mount.ts';
import { dirFormat } from '../dir/dir-format.ts';
import { createDirectoryDriver, type DirectoryDriverOptions } from '../directory-driver.ts';
import { overlayFormat } from './overlay-format.ts';

export function createOverlayDriver(options: DirectoryDriverOptions): StorageDriver {
  return createDirectoryDriver(
    {
      name: 'overlay',
      format: overlayFormat,
      plain: dirFormat,
      async unusable() {
        try {
          probeOverlay();
          return undefined;
        } catch (error) {
          return `no overlayfs (${(error as Error).message}): load the module overlay, as root, or use the driver dir`;
        }
      },
    },
    options,
  );
}
