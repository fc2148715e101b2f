/** The fake storage of the API tests keeps the laws as far as it can without root. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryStorageDriver } from './memory-pool.ts';
import { storageSuite } from './storage.suite.ts';

storageSuite('memory', async () => {
  const driver = createMemoryStorageDriver();
  const scratch = mkdtempSync(join(tmpdir(), 'gasthof-storage-test-'));
  const directory = join(scratch, 'pool');
  return {
    driver,
    directory,
    scratch,
    config: { name: 'test', driver: driver.name, config: { source: directory } },
    realMounts: false,
    sharedTrees: false,
    async [Symbol.asyncDispose]() {
      await driver.destroy({ name: 'test', driver: driver.name, config: { source: directory } });
      rmSync(scratch, { recursive: true, force: true });
      driver[Symbol.dispose]();
    },
  };
});
