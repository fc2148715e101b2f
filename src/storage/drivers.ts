/** All storage drivers, one line each; the first usable one is the default. */
import type { StorageDriver } from '../core/ports/storage.ts';
import { createDirDriver } from './dir/dir-driver.ts';
import type { DirectoryDriverOptions } from './directory-driver.ts';
import { createOverlayDriver } from './overlay/overlay-driver.ts';

export function storageDrivers(options: DirectoryDriverOptions): readonly StorageDriver[] {
  return [createOverlayDriver(options), createDirDriver(options)];
}
