/** What goes wrong with virtual machines: QEMU is killed, the system inside panics, a disk is full or taken by somebody else. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ClientError } from '../../src/client/client-error.ts';
import { isOpenInQemu } from '../../src/host/disk-locks.ts';
import { lacking as lackingDaemon, startDaemon, type TestDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { assertSameCensus, type Census, settledCensus } from '../leaks.ts';
import { machineBody } from '../machines/machine-body.ts';
import { runGast, sureGast } from './gast.ts';
import { inDaemon } from './in-daemon.ts';
import { change, params } from './kill/requests.ts';
import { tidy } from './kill/room.ts';
import { answers, bootMs } from './machine-words.ts';

const skip = lackingDaemon() || lackingMachines();
const mib = 2 ** 20;

let daemon: TestDaemon;
let measure: Census;
let besidePid = 0;

const pidOf = async (name: string) => (await daemon.client.call('GET /1.0/instances/{name}/state', params(name))).pid;
const statusOf = async (name: string) => (await daemon.client.call('GET /1.0/instances/{name}', params(name))).status;
const make = (name: string, more: object = {}) =>
  daemon.client.operation('POST /1.0/instances', { body: machineBody(name, { start: true, ...more }) });
const gast = (...words: string[]) => sureGast(daemon.env)(...words);
const inside = (name: string, script: string) => gast('exec', name, '-T', '-n', '--', 'sh', '-c', script);
const isUp = (name: string) => answers(daemon.env, name);
const becomes = (name: string, status: string) =>
  eventually(`${name} is ${status}`, async () => (await statusOf(name)) === status, bootMs);
const lastEnd = async (name: string) =>
  ((await daemon.client.call('GET /1.0/instances/{name}', params(name))) as { last_end?: string }).last_end;

before(async () => {
  if (skip) return;
  daemon = await startDaemon();
  await make('beside');
  besidePid = await pidOf('beside');
  await daemon.end();
  await daemon.start();
  measure = await settledCensus(daemon);
});
after(() => daemon?.[Symbol.asyncDispose]());

async function asBefore(): Promise<void> {
  await tidy(daemon);
  assert.equal(await pidOf('beside'), besidePid);
  await assertSameCensus(measure, daemon, 'afterwards');
}

test('a QEMU that is killed is told as such, and its machine starts again', { skip, timeout: 300_000 }, async () => {
  await make('one');
  process.kill(await pidOf('one'), 'SIGKILL');
  await becomes('one', 'Stopped');
  assert.equal(await lastEnd('one'), 'killed SIGKILL');
  await change(daemon.client, 'one', 'start');
  await isUp('one');
  await asBefore();
});

test('a panic inside is told apart from a halt and from a reboot', { skip, timeout: 400_000 }, async () => {
  await make('one');
  await isUp('one');
  const pid = await pidOf('one');
  await inside('one', '(sleep 0.2; reboot -f) >/dev/null 2>&1 </dev/null &');
  await eventually(
    'it is up again',
    async () => (await gast('console', 'one', '--show-log')).split('ready after').length > 2,
    bootMs,
  );
  assert.equal(await pidOf('one'), pid, 'a machine reboots in its place');
  await isUp('one');
  await inside('one', '(sleep 0.2; echo c > /proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &');
  await becomes('one', 'Stopped');
  assert.match((await lastEnd('one')) ?? '', /^crashed/);
  await change(daemon.client, 'one', 'start');
  await isUp('one');
  await inside('one', '(sleep 0.2; poweroff -f) >/dev/null 2>&1 </dev/null &');
  await becomes('one', 'Stopped');
  assert.equal(await lastEnd('one'), 'halted');
  await asBefore();
});

test('a full disk: the machine waits, says so, and goes on where it was when there is room', {
  skip,
  timeout: 400_000,
}, async () => {
  const place = mkdtempSync(join(tmpdir(), 'gast-small-'));
  const disk = join(place, 'mnt');
  mkdirSync(disk);
  try {
    inDaemon(daemon, 'mount', '-t', 'tmpfs', '-o', 'size=24M', 'small', disk);
    const { client } = daemon;
    await client.call('POST /1.0/storage-pools', {
      body: { name: 'small', driver: 'dir', config: { source: disk } } as never,
    });
    await make('one', { devices: { root: { type: 'disk', path: '/', pool: 'small', size: '64MiB' } } });
    await isUp('one');
    // Something else takes the room.
    inDaemon(daemon, 'sh', '-c', `head -c ${12 * mib} /dev/zero > ${disk}/other`);
    // By itself: what was called from outside ends with the daemon that called it.
    const write = `head -c ${16 * mib} /dev/zero | tr '\\0' x | dd of=/dev/vda bs=1M conv=fsync && touch /run/written`;
    await inside('one', `(${write}) >/dev/null 2>&1 </dev/null &`);
    await becomes('one', 'Frozen');
    assert.match(await gast('warning', 'list'), /stands still: the disk of its storage pool is full/);
    inDaemon(daemon, 'sh', '-c', `cat /dev/zero > ${disk}/rest 2>/dev/null || :`);
    const refusal = await client
      .operation('POST /1.0/instances/{name}/snapshots', { ...params('one'), body: { name: 'x' } as never })
      .then(
        () => undefined,
        (error: ClientError) => error,
      );
    assert.match(refusal?.message ?? '', /full|space/i);
    // A daemon that comes meanwhile lets it try again, and sees the same.
    await daemon.end('SIGKILL');
    await daemon.start();
    await becomes('one', 'Frozen');
    inDaemon(daemon, 'rm', `${disk}/other`, `${disk}/rest`);
    await gast('resume', 'one');
    assert.equal(await statusOf('one'), 'Running');
    assert.doesNotMatch(await gast('warning', 'list', '-f', 'csv', '-c', 'Ls'), /NEW.*stands still/i);
    await isUp('one');
    // What waited was written; nothing was lost on the way.
    const written = () => runGast(daemon.env, ['exec', 'one', '-T', '-n', '--', 'test', '-e', '/run/written']);
    await eventually('all is written', async () => (await written()).code === 0, bootMs);
    await inside('one', 'echo 3 > /proc/sys/vm/drop_caches');
    assert.equal(await inside('one', `head -c ${16 * mib} /dev/vda | tr -d x | wc -c`), '0');
    await change(client, 'one', 'stop', { force: true });
    await gast('delete', 'one');
    await client.call('DELETE /1.0/storage-pools/{name}', { params: { name: 'small' } });
  } finally {
    inDaemon(daemon, 'umount', '-l', disk);
    rmSync(place, { recursive: true, force: true });
  }
  await asBefore();
});

test('a full disk: an export is refused in these words, and nothing of it is left', {
  skip,
  timeout: 200_000,
}, async () => {
  const backups = join(daemon.directory, 'backups');
  const file = join(daemon.directory, 'one.tar.gz');
  await make('one');
  await isUp('one');
  await inside('one', `head -c ${8 * mib} /dev/urandom > /dev/vda; sync`);
  inDaemon(daemon, 'mount', '-t', 'tmpfs', '-o', 'size=1M', 'small', backups);
  try {
    const refused = await runGast(daemon.env, ['export', 'one', file]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /no space left/i);
    assert.equal(inDaemon(daemon, 'ls', '-A', backups), '');
    assert.ok(!existsSync(file));
    await isUp('one');
  } finally {
    inDaemon(daemon, 'umount', '-l', backups);
  }
  await gast('export', 'one', file);
  await gast('import', file, 'again');
  await gast('delete', 'again');
  rmSync(file);
  await asBefore();
});

test('a disk that somebody else has open is not opened a second time', { skip, timeout: 200_000 }, async () => {
  await make('one', { start: false });
  const layers = join(daemon.directory, 'pools/default/disks/layers');
  const [mine = ''] = readdirSync(layers)
    .map((layer) => join(layers, layer, 'disk.qcow2'))
    .filter((path) => !isOpenInQemu(path));
  const holder = spawn('qemu-io', ['-f', 'qcow2', mine], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(holder.stdout, 'data');
  try {
    const refused = await runGast(daemon.env, ['start', 'one']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /in use by another program/);
  } finally {
    holder.stdin.end();
    await once(holder, 'exit');
  }
  const both = await Promise.all([runGast(daemon.env, ['start', 'one']), runGast(daemon.env, ['start', 'one'])]);
  assert.ok(
    both.some(({ code }) => code === 0),
    JSON.stringify(both),
  );
  assert.equal(await statusOf('one'), 'Running');
  await asBefore();
});
