/** Plain directories: works on every file system that can shift ids; a copy costs what copying costs (little with reflink). */
import type { StorageDriver } from '../../core/ports/storage.ts';
import { ownNamespaces } from '../../host/own-namespaces.ts';
import { createDirectoryDriver, type DirectoryDriverOptions } from '../directory-driver.ts';
import { dirFormat } from './dir-format.ts';

export function createDirDriver(options: DirectoryDriverOptions): StorageDriver {
  return createDirectoryDriver(
    {
      name: 'dir',
      format: dirFormat,
      plain: dirFormat,
      unusable: async () =>
        process.geteuid?.() === 0 || ownNamespaces() ? undefined : 'needs root: file owners of guests are kept on disk',
    },
    options,
  );
}
