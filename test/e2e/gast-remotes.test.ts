/** `gast` with servers on the network: remotes, REMOTE:name, trust (I03, I04, I11, I12, I13). */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, lacking, startDaemon } from '../daemon.ts';
import { tested } from '../tested.ts';
import { runGast } from './gast.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('gast works with a server on the network', { skip: lacking() }, async (t) => {
  await using daemon = await startDaemon();
  const home = mkdtempSync(join(tmpdir(), 'gast-remotes-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const port = await freePort();
  const there = async (...words: string[]) => {
    const ended = await runGast(daemon.env, words);
    assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stderr}`);
    return ended.stdout;
  };
  /** A person on another host: no socket, a home directory of their own. */
  const env = { PATH: process.env.PATH ?? '', HOME: home, ...tested, GASTHOF_SOCKET: join(home, 'none') };
  const attempt = (words: string[], stdin?: string) => runGast(env, words, stdin);
  const here = async (...words: string[]) => {
    const ended = await attempt(words);
    assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stderr}`);
    return ended.stdout;
  };
  await importImage(daemon, 'busybox', 'bb');
  await there('launch', 'bb', 'c1');
  await there('config', 'set', 'core.https_address', `127.0.0.1:${port}`);

  await t.test('a token alone makes a remote', async () => {
    const token = (await there('config', 'trust', 'add', 'laptop')).trim();
    await here('remote', 'add', 'otto', token);
    assert.match(
      await here('remote', 'list', '-f', 'csv'),
      new RegExp(`^otto,https://127.0.0.1:${port},incus,tls,NO,NO,NO$`, 'm'),
    );
    assert.match(await there('config', 'trust', 'list', '-f', 'csv'), /^laptop,client,/m);
  });
  await t.test('the key is private', () => {
    const folder = join(home, '.config/gasthof');
    assert.ok(readdirSync(folder).includes('client.key'));
    assert.equal(statSync(join(folder, 'client.key')).mode & 0o777, 0o600);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });
  await t.test('a token is good once, a wrong one never', async () => {
    const token = (await there('config', 'trust', 'add', 'other')).trim();
    const other = { ...env, HOME: join(home, 'second') };
    assert.equal((await runGast(other, ['remote', 'add', 'a', token])).code, 0);
    const third = await runGast({ ...env, HOME: join(home, 'third') }, ['remote', 'add', 'b', token]);
    assert.equal(third.code, 1);
    assert.match(third.stderr, /does not take the token: not authorized/);
    const nonsense = await runGast(other, ['remote', 'add', 'c', '127.0.0.1', '--token', 'nonsense']);
    assert.match(nonsense.stderr, /no trust token/);
  });
  await t.test('list-tokens and revoke-token', async () => {
    const token = (await there('config', 'trust', 'add', 'never')).trim();
    assert.match(await there('config', 'trust', 'list-tokens', '-f', 'csv'), new RegExp(`^never,${token},$`, 'm'));
    await there('config', 'trust', 'revoke-token', 'never');
    assert.equal(await there('config', 'trust', 'list-tokens', '-f', 'csv'), '');
  });
  await t.test('list, info and exec by REMOTE:name', async () => {
    assert.match(await here('list', 'otto:', '-f', 'csv'), /^c1,RUNNING/);
    assert.match(await here('info', 'otto:c1'), /c1/);
    assert.equal(await here('exec', 'otto:c1', '--', 'echo', 'otto:x'), 'otto:x\n');
    assert.equal((await attempt(['exec', 'otto:c1', '--', 'sh', '-c', 'exit 7'])).code, 7);
  });
  await t.test('lists of every kind', async () => {
    for (const noun of ['image', 'profile', 'network', 'storage', 'project', 'operation'])
      assert.equal((await attempt([noun, 'list', 'otto:'])).code, 0, noun);
    assert.match(await here('image', 'list', 'otto:', '-f', 'csv'), /bb/);
    assert.match(await here('profile', 'show', 'otto:default'), /name: default/);
  });
  await t.test('files come and go', async () => {
    const pushed = await attempt(['file', 'push', '-', 'otto:c1/tmp/hello'], 'hello');
    assert.equal(pushed.code, 0, pushed.stderr);
    assert.equal(await here('file', 'pull', 'otto:c1/tmp/hello', '-'), 'hello');
  });
  await t.test('launch, snapshot, stop and delete', async () => {
    await here('launch', 'otto:bb', 'otto:c2');
    await here('snapshot', 'create', 'otto:c2', 's0');
    assert.match(await here('snapshot', 'list', 'otto:c2', '-f', 'csv'), /^s0/);
    await here('stop', '--force', 'otto:c2');
    await here('delete', 'otto:c2');
    assert.equal(await there('list', '-c', 'n', '-f', 'csv'), 'c1\n');
  });
  await t.test('config of guest and server', async () => {
    await here('config', 'set', 'otto:c1', 'user.note=a:b');
    assert.equal(await here('config', 'get', 'otto:c1', 'user.note'), 'a:b\n');
    assert.match(await here('config', 'show', 'otto:'), /core.https_address/);
  });
  await t.test('a default remote needs no name', async () => {
    await here('remote', 'switch', 'otto');
    assert.equal(await here('remote', 'get-default'), 'otto\n');
    assert.match(await here('list', '-f', 'csv'), /^c1/);
    assert.equal((await attempt(['list', 'local:'])).code, 3);
    assert.equal((await attempt(['remote', 'remove', 'otto'])).code, 1);
    await here('remote', 'switch', 'local');
    const named = await runGast({ ...env, GASTHOF_REMOTE: 'otto' }, ['list', '-c', 'n', '-f', 'csv']);
    assert.equal(named.stdout, 'c1\n');
  });
  await t.test('trust show, edit and add-certificate', async () => {
    const [line = ''] = (await there('config', 'trust', 'list', '-f', 'csv')).split('\n');
    const fingerprint = line.split(',')[3] ?? '';
    const shown = await there('config', 'trust', 'show', fingerprint);
    assert.match(shown, /^name: /m);
    const edited = await runGast(daemon.env, ['config', 'trust', 'edit', fingerprint], 'name: notebook\n');
    assert.equal(edited.code, 0, edited.stderr);
    assert.match(await there('config', 'trust', 'show', fingerprint), /^name: notebook$/m);
    const other = { ...env, HOME: join(home, 'fourth') };
    const { stdout: certificate } = await runGast(other, ['remote', 'get-client-certificate']);
    const added = await runGast(daemon.env, ['config', 'trust', 'add-certificate', '-', '--name', 'anna'], certificate);
    assert.equal(added.code, 0, added.stderr);
    const met = await runGast(other, ['remote', 'add', 'otto', `127.0.0.1:${port}`, '--accept-certificate']);
    assert.equal(met.code, 0, met.stderr);
    assert.match((await runGast(other, ['list', 'otto:', '-f', 'csv'])).stdout, /^c1/);
  });
  await t.test('an unknown certificate is not accepted without being asked for', async () => {
    const other = { ...env, HOME: join(home, 'fifth') };
    const met = await runGast(other, ['remote', 'add', 'otto', `127.0.0.1:${port}`]);
    assert.equal(met.code, 1);
    assert.match(met.stderr, /not accepted/);
  });
  await t.test('a restricted certificate works in its project', async () => {
    await there('project', 'create', 'shop', '-c', 'features.images=false', '-c', 'features.profiles=false');
    const token = (await there('config', 'trust', 'add', 'shop', '--restricted', '--projects', 'shop')).trim();
    const other = { ...env, HOME: join(home, 'sixth') };
    assert.equal((await runGast(other, ['remote', 'add', 'otto', token, '--project', 'shop'])).code, 0);
    const listed = await runGast(other, ['list', 'otto:', '-f', 'csv']);
    assert.deepEqual([listed.code, listed.stdout], [0, '']);
    const foreign = await runGast(other, ['list', 'otto:', '--project', 'default']);
    assert.match(foreign.stderr, /permission/);
  });
  await t.test('rename, set-url and remove', async () => {
    await here('remote', 'rename', 'otto', 'karl');
    await here('remote', 'set-url', 'karl', `https://localhost:${port}`);
    assert.match(await here('list', 'karl:', '-f', 'csv'), /^c1/);
    await here('remote', 'remove', 'karl');
    const gone = await attempt(['list', 'karl:']);
    assert.match(gone.stderr, /The remote "karl" doesn't exist/);
  });
  await t.test('trust remove takes the access away', async () => {
    const other = { ...env, HOME: join(home, 'fourth') };
    for (const line of (await there('config', 'trust', 'list', '-f', 'csv')).trim().split('\n'))
      await there('config', 'trust', 'remove', line.split(',')[3] ?? '');
    const refused = await runGast(other, ['list', 'otto:']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /not authorized/);
  });
});
