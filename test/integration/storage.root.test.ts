/** The storage drivers on a real file system (below the temporary directory): contract suite and what only root can show. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageDrivers } from '../../src/storage/drivers.ts';
import { storageSuite } from '../contract/storage.suite.ts';

const skip = process.env.LAB_INSIDE === '1' ? false : 'mounts file systems: run it by tools/lab';

for (const name of ['overlay', 'dir'])
  storageSuite(
    name,
    async () => {
      const scratch = mkdtempSync(join(tmpdir(), 'gasthof-storage-test-'));
      const driver = storageDrivers({ poolsDirectory: scratch }).find((one) => one.name === name);
      if (!driver) throw new Error(name);
      const config = { name: 'pool', driver: name, config: {} };
      return {
        driver,
        config,
        directory: join(scratch, 'pool'),
        scratch,
        realMounts: true,
        sharedTrees: name === 'overlay',
        async [Symbol.asyncDispose]() {
          await driver.destroy(config);
          rmSync(scratch, { recursive: true, force: true });
        },
      };
    },
    skip,
  );
