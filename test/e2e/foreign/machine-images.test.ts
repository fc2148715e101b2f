/** Images of virtual machines by Incus's own client: a disk that becomes one, beside a container image of the same name (N04, P12). */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { importImage, startDaemon } from '../../daemon.ts';
import { lacking as lackingMachines } from '../../integration/qemu-lab.ts';
import { tinyDisk } from '../../machines/tiny-disk.ts';
import { foreignClients, lackingClients } from './clients.ts';

const lackingDisk = () => (existsSync(tinyDisk) ? false : `needs ${tinyDisk}`);

test('incus imports a disk and makes machines of it, with --vm', {
  skip: lackingClients('incus') || lackingMachines() || lackingDisk(),
  timeout: 240_000,
}, async () => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const incus = (...words: string[]) => clients.incus.run(words);
  // The client takes the name away from whatever image has it: it comes first.
  await incus('image', 'import', tinyDisk, '--alias', 'same');
  await importImage(daemon, 'busybox', 'same');
  const rows = (await incus('image', 'list', '--format=csv', '--columns=lt')).trim().split('\n').sort();
  assert.deepEqual(rows, ['same,CONTAINER', 'same,VIRTUAL-MACHINE']);
  await incus('init', 'same', 'box');
  const all = (await incus('image', 'list', '--format=csv', '--columns=tf')).trim().split('\n');
  const machine = all.find((row) => row.startsWith('VIRTUAL-MACHINE'))?.split(',')[1] ?? '';
  // It asks for no type, and refuses what it gets: a fingerprint says which is meant.
  await incus('init', machine, 'vm', '--vm', '-c', 'security.secureboot=false', '-d', 'root,size=5GiB');
  await incus('config', 'device', 'add', 'vm', 'vtpm', 'tpm');
  const listed = (await incus('list', '--format=csv', '--columns=nt')).trim().split('\n').sort();
  assert.deepEqual(listed, ['box,CONTAINER', 'vm,VIRTUAL-MACHINE']);
  await incus('delete', 'vm');
  // Without the machine's image the name means the other one alone.
  await incus('image', 'delete', 'same');
  assert.equal((await incus('image', 'list', '--format=csv', '--columns=lt')).trim(), 'same,VIRTUAL-MACHINE');
});
