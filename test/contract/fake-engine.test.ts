/** The fake engine keeps the laws of the engine port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guestSpec } from '../integration/engine-lab.ts';
import { engineSuite } from './engine.suite.ts';
import { createFakeEngine } from './fake-engine.ts';

engineSuite(
  'fake engine',
  async () => {
    const rootfs = mkdtempSync(join(tmpdir(), 'gasthof-fake-engine-'));
    return {
      engine: createFakeEngine(),
      spec: (id, overrides) => guestSpec(rootfs, id, overrides),
      async [Symbol.asyncDispose]() {
        rmSync(rootfs, { recursive: true });
      },
    };
  },
  { noShell: 'its commands are played, none of them is a shell' },
);
