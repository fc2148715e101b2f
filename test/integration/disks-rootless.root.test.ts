/** Disks in the hands of an ordinary user's daemon: the same tests, run where it lives. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { skip } from './disk-images.ts';

const root = join(import.meta.dirname, '../..');
const here = (name: string) => join(import.meta.dirname, name);

for (const file of ['disks-import.root.test.ts', 'disks-running.root.test.ts'])
  test(`${file} as an ordinary user`, { skip }, () => {
    const scratch = mkdtempSync('/var/tmp/gu-');
    chmodSync(scratch, 0o711);
    try {
      const words = [process.execPath, here('in-own-namespaces.ts'), here(file)];
      const env = { ...process.env, TMPDIR: scratch, NODE_TEST_CONTEXT: undefined };
      const { status, stdout, stderr } = spawnSync(join(root, 'tools/as-user'), words, {
        encoding: 'utf8',
        env,
        timeout: 100_000,
      });
      assert.equal(status, 0, `${stdout}\n${stderr}`);
      assert.match(stdout, /^(# |ℹ )skipped 0$/m);
      assert.match(stdout, /^(# |ℹ )pass [1-9]/m);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
