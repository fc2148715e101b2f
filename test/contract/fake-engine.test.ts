/** The fake engine keeps the laws of the engine port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineSuite } from './engine.suite.ts';
import { createFakeEngine } from './fake-engine.ts';

engineSuite(
  'fake engine',
  async () => {
    const rootfs = mkdtempSync(join(tmpdir(), 'gasthof-fake-engine-'));
    return {
      engine: createFakeEngine(),
      spec: (id, overrides = {}) => ({
        id,
        hostname: 'guest',
        range: { base: 1_000_000, size: 65_536 },
        rootfs,
        limits: {},
        parts: [],
        nics: [],
        environment: {},
        allowedSyscalls: [],
        droppedCapabilities: [],
        ...overrides,
      }),
      async [Symbol.asyncDispose]() {
        rmSync(rootfs, { recursive: true });
      },
    };
  },
  { noShell: 'its commands are played, none of them is a shell' },
);
