/** Small files of machines in a pool: whole copies, nothing for nothing, and what has no disk goes. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMachineFiles } from './machine-files.ts';
import { openPoolDirectory } from './pool-directory.ts';

async function open() {
  const top = mkdtempSync(join(tmpdir(), 'machine-files-'));
  const files = createMachineFiles(await openPoolDirectory(join(top, 'pool'), 'dir'));
  const read = (at: { id: string; snapshot?: string }, name: string) =>
    readFileSync(join(files.folder(at), name), 'utf8');
  return { top, files, read, [Symbol.dispose]: () => rmSync(top, { recursive: true, force: true }) };
}

const [one, two] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'];

test('a copy holds what the folder held then, and takes the place of what was there', async () => {
  using opened = await open();
  const { files, read } = opened;
  const folder = await files.make(one);
  writeFileSync(join(folder, 'qemu.nvram'), 'first');
  mkdirSync(join(folder, 'tpm'));
  writeFileSync(join(folder, 'tpm/store'), 'keys');
  symlinkSync('/etc/passwd', join(folder, 'tpm/link'));
  await files.copyFrom(folder, { id: one, snapshot: 'cccccccccccc' });
  writeFileSync(join(folder, 'qemu.nvram'), 'second');
  await files.copyFrom(files.folder({ id: one, snapshot: 'cccccccccccc' }), { id: two });
  assert.equal(read({ id: two }, 'qemu.nvram'), 'first');
  assert.equal(read({ id: two }, 'tpm/store'), 'keys');
  assert.deepEqual(readdirSync(join(files.folder({ id: two }), 'tpm')), ['store'], 'links lead nowhere');
  await files.copyFrom(folder, { id: two });
  assert.equal(read({ id: two }, 'qemu.nvram'), 'second');
});

test('a state without files is copied as one without, and removed without a word', async () => {
  using opened = await open();
  const { files } = opened;
  await files.make(two);
  await files.copyFrom(files.folder({ id: one }), { id: two });
  assert.equal(existsSync(files.folder({ id: two })), false);
  await files.remove({ id: one });
  await files.remove({ id: one, snapshot: 'cccccccccccc' });
});

test('a machine goes with its snapshots, and what has no disk is swept', async () => {
  using opened = await open();
  const { files } = opened;
  for (const id of [one, two]) {
    writeFileSync(join(await files.make(id), 'qemu.nvram'), id);
    await files.copyFrom(files.folder({ id }), { id, snapshot: 'cccccccccccc' });
  }
  await files.remove({ id: one });
  assert.equal(existsSync(files.folder({ id: one, snapshot: 'cccccccccccc' })), false);
  assert.deepEqual((await files.sweep(async () => [two])).sort(), []);
  assert.deepEqual((await files.sweep(async () => [])).sort(), [`machine-snapshots/${two}`, `machines/${two}`]);
  assert.equal(existsSync(files.folder({ id: two })), false);
});
