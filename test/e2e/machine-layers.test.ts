/** Snapshots of a machine that runs come and go: its disk does not stand on one file more with each of them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { machineBody } from '../machines/machine-body.ts';
import { sureGast } from './gast.ts';
import { answers } from './machine-words.ts';

const openFiles = (pid: number, below: string) =>
  readdirSync(`/proc/${pid}/fd`)
    .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    .filter((path) => path.startsWith(below));

test('files of snapshots that are gone are merged while the machine runs', {
  skip: lackingDaemon() || lackingMachines(),
  timeout: 300_000,
}, async () => {
  await using daemon = await startDaemon();
  const gast = sureGast(daemon.env);
  const directory = join(daemon.directory, 'pools/default/disks/layers');
  const layers = () => readdirSync(directory);
  const inside = (script: string) => gast('exec', 'vm', '-T', '-n', '--', 'sh', '-c', script);
  const write = (word: string, atMib: number) =>
    inside(
      `yes '${word.padEnd(15)}' | head -c 65536 | dd of=/dev/vda bs=64k seek=${atMib * 16} conv=notrunc,fsync 2>/dev/null`,
    );
  const read = (atMib: number) =>
    inside(`dd if=/dev/vda bs=64k skip=${atMib * 16} count=1 2>/dev/null | tr -d ' \\000' | sort -u`);

  await daemon.client.operation('POST /1.0/instances', { body: machineBody('vm', { start: true }) });
  await answers(daemon.env, 'vm');
  const words = ['one', 'two', 'three', 'four', 'five'];
  for (const [index, word] of words.entries()) {
    await write(word, index);
    await write('before', index + 10);
    await gast('snapshot', 'create', 'vm', word);
    await write(`after-${word}`, index + 10);
  }
  assert.equal(layers().length, words.length + 1);
  // From the middle, from the top, from below.
  for (const word of ['three', 'five', 'one']) await gast('snapshot', 'delete', 'vm', word);
  assert.equal(layers().length, 3);
  const { pid } = await daemon.client.call('GET /1.0/instances/{name}/state', { params: { name: 'vm' } });
  assert.deepEqual(
    openFiles(pid, directory).filter((path) => path.endsWith('(deleted)')),
    [],
    'their room is free',
  );
  await inside('echo 3 > /proc/sys/vm/drop_caches');
  for (const [index, word] of words.entries()) {
    assert.equal(await read(index), word);
    assert.equal(await read(index + 10), `after-${word}`);
  }
  await gast('stop', '--force', 'vm');
  for (const layer of layers())
    execFileSync('qemu-img', ['check', '-q', '-f', 'qcow2', join(directory, layer, 'disk.qcow2')]);
  await gast('snapshot', 'restore', 'vm', 'two');
  await gast('start', 'vm');
  await answers(daemon.env, 'vm');
  assert.deepEqual(await Promise.all([read(1), read(11), read(10), read(2)]), ['two', 'before', 'after-one', '']);
});
