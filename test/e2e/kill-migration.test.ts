/** Daemons that are killed while an instance travels: the target forgets all of it, the source stays as it was (H10). */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { importImage, startDaemon, type TestDaemon } from '../daemon.ts';
import { runBeside } from '../own-namespaces.ts';
import { foreignClients, lackingClients } from './foreign/clients.ts';
import { joinServer } from './foreign/joined.ts';

const megabytes = 300;

const inside = (...path: string[]): string[] => (existsSync(join(...path)) ? readdirSync(join(...path)) : []);
const volumes = ({ directory }: TestDaemon) => inside(directory, 'pools/default/volumes');
const frames = ({ directory }: TestDaemon) =>
  inside(directory, 'scratch').filter((name) => name.startsWith('migration-'));
const mountedBelow = ({ pid }: TestDaemon, directory: string) =>
  readFileSync(`/proc/${pid}/mounts`, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${directory}/run/mounts/migration-`));
/** What comes and goes meanwhile is not counted: du has a sum nevertheless, and says so with another exit code. */
const diskBytes = ({ directory }: TestDaemon, path: string) =>
  Number(runBeside(directory, ['sh', '-c', 'du -sxB1 "$1" || :', 'sh', join(directory, path)]).split('\t')[0]);

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within a minute: ${what}`);
    await setTimeout(10);
  }
}

test('a daemon is killed while an instance travels', { skip: lackingClients('incus'), timeout: 300_000 }, async (t) => {
  await using source = await startDaemon();
  await using target = await startDaemon();
  using clients = foreignClients(source);
  const { incus } = clients;
  await joinServer(incus, 's', join(source.directory, 'unix.socket'));
  await joinServer(incus, 't', join(target.directory, 'unix.socket'));
  await importImage(source, 'busybox', 'bb');
  await incus.run(['launch', 's:bb', 's:c1']);
  await incus.run(['exec', 's:c1', '--', 'dd', 'if=/dev/urandom', 'of=/big', 'bs=1M', `count=${megabytes}`]);
  await incus.run(['stop', '-f', 's:c1']);
  const [own] = volumes(source);

  const half = () => diskBytes(target, 'pools/default') > 20_000_000;
  const isClean = async (daemon: TestDaemon, names: (string | undefined)[]) => {
    await until('no volume is left', () => volumes(daemon).join() === names.join());
    assert.deepEqual(frames(daemon), []);
    assert.deepEqual(mountedBelow(daemon, daemon.directory), []);
    const listed = (await daemon.client.call('GET /1.0/instances')) as string[];
    assert.equal(listed.length, names.length);
  };
  for (const mode of ['pull', 'push', 'relay']) {
    await t.test(`--mode ${mode}: the target`, async () => {
      const copying = incus.try(['copy', 's:c1', 't:c1', '--mode', mode]);
      await until('files arrive', half);
      await target.end('SIGKILL');
      assert.notEqual((await copying).code, 0);
      await target.start();
      await isClean(target, []);
      await until('the source has noticed', () => frames(source).length === 0);
      await isClean(source, [own]);
    });
    await t.test(`--mode ${mode}: the source`, async () => {
      const copying = incus.try(['copy', 's:c1', 't:c1', '--mode', mode]);
      await until('files arrive', half);
      await source.end('SIGKILL');
      assert.notEqual((await copying).code, 0);
      await until('the target has noticed', () => volumes(target).length === 0);
      await isClean(target, []);
      await source.start();
      await isClean(source, [own]);
    });
  }
  await t.test('the client, which passes everything on', async () => {
    const copying = incus.try(['copy', 's:c1', 't:c1', '--mode', 'relay'], { timeoutMs: 1 });
    await copying;
    const relaying = incus.try(['copy', 's:c1', 't:c2', '--mode', 'relay'], { timeoutMs: 4_000 });
    await relaying;
    const listed = (await target.client.call('GET /1.0/instances')) as string[];
    // It may have been quicker than the end of its client.
    if (listed.length === 0) await until('the target has noticed', () => volumes(target).length === 0);
    await incus.run(['start', 's:c1']);
    await incus.run(['stop', '-f', 's:c1']);
  });
  await t.test('afterwards it still goes', async () => {
    await incus.run(['copy', 's:c1', 't:whole']);
    assert.deepEqual(frames(target), []);
  });
});
