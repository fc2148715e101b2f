/** A host with something wrong: a tool that is missing, fails or hangs, and a disk that is full. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { ClientError } from '../../src/client/client-error.ts';
import { importImage, lacking, launch, startDaemon, type TestDaemon } from '../daemon.ts';
import { assertSameCensus, type Census, settledCensus } from '../leaks.ts';
import { asUser } from '../own-namespaces.ts';
import { inDaemon } from './in-daemon.ts';
import { shell } from './isolation/inside.ts';
import { change, params } from './kill/requests.ts';
import { tidy } from './kill/room.ts';

const skip = lacking();
const crun = '/usr/bin/crun';
let daemon: TestDaemon;
let measure: Census;
let shim: string;

before(async () => {
  if (skip) return;
  daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'busybox');
  await launch(daemon, 'beside', 'busybox');
  measure = await settledCensus(daemon);
  shim = join(mkdtempSync(join(tmpdir(), 'gast-shim-')), 'crun');
  copyFileSync(crun, `${shim}.real`);
});
after(async () => {
  await daemon?.[Symbol.asyncDispose]();
  if (shim) rmSync(join(shim, '..'), { recursive: true, force: true });
});

const refused = (work: Promise<unknown>): Promise<ClientError> =>
  work.then(
    () => assert.fail('it was not refused'),
    (error: ClientError) => error,
  );

/** There alone another program stands where crun was. */
async function withCrun(script: string, mode: number, work: () => Promise<void>): Promise<void> {
  writeFileSync(shim, script);
  chmodSync(shim, mode);
  inDaemon(daemon, 'mount', '--bind', shim, crun);
  try {
    await work();
  } finally {
    inDaemon(daemon, 'umount', crun);
  }
  await launch(daemon, 'after', 'busybox');
  await tidy(daemon);
  await assertSameCensus(measure, daemon, 'afterwards');
}

for (const [what, script, mode] of [
  ['cannot be executed', '', 0o644],
  [
    'fails',
    '#!/bin/sh\ncase "$*" in *--version*) echo crun version 1.8.1;; *) echo "no luck today" >&2; exit 1;; esac\n',
    0o755,
  ],
] as const)
  test(`crun ${what}: launches are refused by name, nothing is left, and it works again afterwards`, { skip }, () =>
    withCrun(script, mode, async () => {
      const error = await refused(launch(daemon, 'one', 'busybox'));
      assert.match(error.message, /crun|no luck today/);
      await tidy(daemon);
    }),
  );

test('crun hangs: other guests are served meanwhile, and the launch can be cancelled', { skip }, () =>
  withCrun(
    `#!/bin/sh\ncase "$*" in *" create "*) exec sleep 1000;; esac\nexec ${shim}.real "$@"\n`,
    0o755,
    async () => {
      const started = await daemon.client.start('POST /1.0/instances', {
        body: { name: 'one', source: { type: 'image', alias: 'busybox' }, start: true } as never,
      });
      const failed = refused(daemon.client.finish(started));
      assert.equal((await shell(daemon.client, 'beside', 'true')).exitCode, 0);
      await daemon.client.call('DELETE /1.0/operations/{id}', { params: { id: started.id } });
      assert.equal((await failed).code, 'operation.cancelled');
      await tidy(daemon);
    },
  ),
);

test('crun killed in the midst of create: a clear error, nothing left, the next try works', { skip }, () =>
  withCrun(
    `#!/bin/sh\ncase "$*" in *" create "*) (sleep 0.00$(($$ % 9)); kill -9 $$) & ;; esac\nexec ${shim}.real "$@"\n`,
    0o755,
    async () => {
      let killed = 0;
      const before = await settledCensus(daemon);
      for (let round = 0; round < 10; round++) {
        await launch(daemon, 'one', 'busybox').catch((error: ClientError) => {
          killed++;
          assert.match(error.message, /could not be created/);
        });
        await tidy(daemon);
        await assertSameCensus(before, daemon, `round ${round}`);
      }
      assert.ok(killed > 0, 'no round hit crun');
    },
  ),
);

const smallMib = 400;

/** The kernel lets an ordinary user mount no file system that is on a device: one in memory is full as well. */
function mountSmall(place: string, disk: string): void {
  if (asUser) {
    inDaemon(daemon, 'mount', '-t', 'tmpfs', '-o', `size=${smallMib}M`, 'small', disk);
    return;
  }
  const file = join(place, 'disk');
  execFileSync('truncate', ['-s', `${smallMib}M`, file]);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', file]);
  inDaemon(daemon, 'mount', '-o', 'loop', file, disk);
}

test('a full disk: launch and snapshot are refused in these words, and nothing is left', { skip }, async () => {
  const { client } = daemon;
  const place = mkdtempSync(join(tmpdir(), 'gast-small-'));
  const disk = join(place, 'mnt');
  execFileSync('mkdir', [disk]);
  try {
    mountSmall(place, disk);
    const before = await settledCensus(daemon);
    await client.call('POST /1.0/storage-pools', {
      body: { name: 'small', driver: 'dir', config: { source: disk } } as never,
    });
    const devices = { root: { type: 'disk', path: '/', pool: 'small' } };
    await launch(daemon, 'one', 'busybox', { devices });
    await shell(client, 'one', 'dd if=/dev/zero of=/root/big bs=1M count=240; sync');
    const snapshotError = await refused(
      client.operation('POST /1.0/instances/{name}/snapshots', { ...params('one'), body: { name: 'x' } }),
    );
    assert.match(snapshotError.message, /full|space/i);
    // The half-made snapshot is deleted behind the answer, and would make room again.
    const inPool = () => inDaemon(daemon, 'ls', '-A', disk);
    while (/^\.(tmp|trash)-/m.test(inPool())) await setTimeout(50);
    await shell(client, 'one', 'dd if=/dev/zero of=/root/rest bs=4k 2>/dev/null; sync');
    assert.match((await refused(launch(daemon, 'two', 'busybox', { devices }))).message, /full|space/i);
    assert.deepEqual(await client.call('GET /1.0/instances'), ['/1.0/instances/beside', '/1.0/instances/one']);
    // The guest itself goes on.
    assert.equal((await shell(client, 'one', 'rm /root/rest; echo again > /root/word')).exitCode, 0);
    await change(client, 'one', 'stop', { force: true });
    await tidy(daemon);
    await client.call('DELETE /1.0/storage-pools/{name}', { params: { name: 'small' } });
    await assertSameCensus(before, daemon, 'after the full disk');
  } finally {
    try {
      inDaemon(daemon, 'umount', '-l', disk);
    } catch {
      assert.ok(!readFileSync('/proc/mounts', 'utf8').includes(disk));
    }
    rmSync(place, { recursive: true, force: true });
  }
});
