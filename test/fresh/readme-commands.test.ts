/** Both commands of README in a fresh Debian tree, so that a missing install step shows. It takes some minutes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : process.env.CI || process.env.GASTHOF_FRESH
      ? false
      : 'takes minutes: npm run test:fresh, or npm test -- fresh';

test('npm start and npm test work on a fresh Debian with nothing but Node and npm', {
  skip,
  timeout: 20 * 60_000,
}, async () => {
  const child = spawn(process.execPath, [join(root, 'tools/fresh-tree.ts')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (part: Buffer) => {
    output = (output + part.toString()).slice(-20_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise((resolve) => child.once('close', resolve));
  // What went wrong stands at its end; the whole would hide it.
  assert.equal(code, 0, output.split('\n').slice(-15).join('\n'));
});
