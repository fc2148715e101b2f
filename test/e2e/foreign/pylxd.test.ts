/** Scripts that use pylxd, the Python library of LXD, work on Gasthof. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, lacking, startDaemon } from '../../daemon.ts';
import { runProgram } from './clients.ts';

const python = '/usr/bin/python3';
const hasPylxd = () => spawnSync(python, ['-c', 'import pylxd']).status === 0;
const skip = lacking() || (!hasPylxd() && 'needs pylxd (Debian: python3-pylxd)');

test('pylxd works with instances, files, images, profiles, networks, storage and projects', { skip }, async (t) => {
  await using daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'bb');
  const env = { PATH: process.env.PATH ?? '', LXD_DIR: daemon.directory, HOME: daemon.directory };
  const script = join(import.meta.dirname, 'pylxd_checks.py');
  const { stdout, stderr } = await runProgram(python, ['-W', 'ignore', script, 'bb'], { env });
  const lines = stdout.split('\n').filter((line) => /^(ok|failed) /.test(line));
  assert.ok(lines.length >= 20, `${stdout}\n${stderr}`);
  for (const line of lines)
    await t.test(line.replace(/^(ok|failed) /, ''), () => assert.match(line, /^ok /, stderr.slice(-3000)));
});
