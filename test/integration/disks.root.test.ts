/** Disks of virtual machines in pools of every driver, on a real file system: the contract suite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageDrivers } from '../../src/storage/drivers.ts';
import { disksSuite } from '../contract/disks.suite.ts';
import { skip } from './disk-images.ts';

for (const name of ['overlay', 'dir'])
  disksSuite(
    name,
    async () => {
      const scratch = mkdtempSync(join(tmpdir(), 'gasthof-disks-test-'));
      const driver = storageDrivers({ poolsDirectory: scratch }).find((one) => one.name === name);
      if (!driver) throw new Error(name);
      const config = { name: 'pool', driver: name, config: {} };
      return {
        driver,
        config,
        directory: join(scratch, 'pool'),
        scratch,
        async [Symbol.asyncDispose]() {
          await driver.destroy(config);
          rmSync(scratch, { recursive: true, force: true });
        },
      };
    },
    skip,
  );
