/** Devices of the host for guests of an ordinary user: what is lent to them, what is refused, and when. Runs in tools/as-user (W1, W6). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { importImage, lacking, startDaemon, type TestDaemon } from '../daemon.ts';
import { asUser, firstSubordinateId, giveToGuests } from '../own-namespaces.ts';
import { openTerminal, runGast, sureGast } from './gast.ts';

const skip = lacking() || (asUser ? false : 'needs an ordinary user: tools/lab tools/as-user node --test ...');
/** One that runs and one that does not. */
const guests = ['up', 'down'];
let daemon: TestDaemon;

const gast = (...words: string[]) => sureGast(daemon.env)(...words);
const inside = (guest: string, script: string) => gast('exec', guest, '-n', '--', 'sh', '-c', `{ ${script}\n} 2>&1`);

type Device = Record<string, string>;
const change = (name: string, body: { devices?: Record<string, Device>; config?: Record<string, string> }) =>
  daemon.client.call('PATCH /1.0/instances/{name}', { params: { name }, body });
const add = (guest: string, device: string, config: Device) => change(guest, { devices: { [device]: config } });

/** Also for the one that does not run: nobody has to start it to hear of it. */
async function refused(why: RegExp, config: Device) {
  for (const name of guests) {
    await assert.rejects(add(name, 'odd', config), why);
    const { devices } = await daemon.client.call('GET /1.0/instances/{name}', { params: { name } });
    assert.equal(devices.odd, undefined);
  }
}

before(async () => {
  if (skip) return;
  daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'bb');
  await gast('launch', 'bb', 'up');
  await gast('create', 'bb', 'down');
});
after(() => daemon?.[Symbol.asyncDispose]());

test('a node of the host that everybody may open opens in guests, by its path and by its number', {
  skip,
}, async () => {
  for (const guest of guests) {
    await add(guest, 'fuse', { type: 'unix-char', source: '/dev/fuse', path: '/dev/one' });
    await add(guest, 'same', { type: 'unix-char', path: '/dev/two', major: '10', minor: '229' });
  }
  await gast('start', 'down');
  for (const guest of guests)
    assert.equal(await inside(guest, ': <>/dev/one && : <>/dev/two && stat -c %t:%T /dev/two'), 'a:e5');
  await gast('stop', 'down', '--force');
  await gast('config', 'device', 'remove', 'up', 'fuse', 'same');
  assert.match(await inside('up', 'ls /dev/one /dev/two; echo end'), /No such.*\n.*No such.*\nend/);
});

test('a node that guests may not open is refused with the line that opens it', { skip }, async () => {
  using terminal = openTerminal(daemon.env, 'tty; exec cat');
  await terminal.shows(/\/dev\/pts\/\d+/);
  const source = /\/dev\/pts\/\d+/.exec(terminal.shown())?.[0] ?? '';
  const config = { type: 'unix-char', source, path: '/dev/lent' };
  const id = firstSubordinateId();
  chmodSync(source, 0o600);
  await refused(
    new RegExp(`${source} \\(mode 0600\\) does not open .* user ${id} .*setfacl -m u:${id}:rw ${source}`),
    config,
  );
  chmodSync(source, 0o666);
  for (const guest of guests) await add(guest, 'lent', config);
  await inside('up', 'echo "from the guest" >/dev/lent');
  await terminal.shows(/from the guest/);
  // What was fine when it came does not keep other changes from being made.
  chmodSync(source, 0o600);
  for (const guest of guests) await change(guest, { config: { 'user.note': '1' } });
  assert.match((await runGast(daemon.env, ['start', 'down'])).stderr, /does not open/);
  for (const guest of guests) await gast('config', 'device', 'remove', guest, 'lent');
});

test('what only root can make is refused with what helps', { skip }, async () => {
  const numbered = { type: 'unix-block', path: '/dev/odd', major: '7', minor: '200' };
  const char = { type: 'unix-char', source: '/dev/fuse' };
  await refused(/no node of the block device 7:200.*as root: mknod \/dev\/odd b 7 200/, numbered);
  await refused(/mode=600 cannot be had.*leave mode out/, { ...char, mode: '0600' });
  await refused(/uid=0 cannot be had.*leave uid out/, { ...char, uid: '0' });
  await refused(/is a char device, not a block device/, { ...char, type: 'unix-block' });
  await refused(/not a device node/, { ...char, source: '/etc/passwd' });
  await refused(/\/dev\/none is not there/, { ...char, source: '/dev/none' });
  for (const guest of guests) await add(guest, 'none', { ...char, source: '/dev/none', required: 'false' });
  const profile = daemon.client.call('PATCH /1.0/profiles/{name}', {
    params: { name: 'default' },
    body: { devices: { odd: numbered } },
  });
  await assert.rejects(profile, /no node of the block device/);
});

test('shift shows files of guests, and is refused for those of others with the line that lets guests in', {
  skip,
}, async () => {
  const [own, lent] = [join(daemon.directory, 'own'), join(daemon.directory, 'lent')];
  for (const directory of [own, lent]) mkdirSync(directory);
  writeFileSync(join(own, 'file'), 'mine\n', { mode: 0o600 });
  giveToGuests(lent);
  const disk = { type: 'disk', source: own, path: '/mnt/own' };
  const why = await add('up', 'odd', { ...disk, shift: 'true' }).catch(String);
  const line = /setfacl .*/.exec(why as string)?.[0] ?? '';
  await refused(/own belongs to you.*only root can map ids.*leave shift out/, { ...disk, shift: 'true' });
  await refused(/etc belongs to a user of the host/, { ...disk, source: '/etc', shift: 'true' });
  await add('up', 'lent', { ...disk, source: lent, path: '/mnt/lent', shift: 'true' });
  assert.equal(await inside('up', 'stat -c %u /mnt/lent; touch /mnt/lent/made; stat -c %u /mnt/lent/made'), '0\n0');

  execFileSync('sh', ['-c', line]);
  await add('up', 'own', disk);
  assert.equal(await inside('up', 'cat /mnt/own/file; echo yours >/mnt/own/made'), 'mine');
  assert.equal(readFileSync(join(own, 'made'), 'utf8'), 'yours\n');
});
