/** HTTPS, trust and restricted certificates, driven by the unmodified incus and lxc clients (I03, I04, I11, I12, I13). */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { importImage, startDaemon, type TestDaemon } from '../../daemon.ts';
import { type ForeignClient, foreignClients, lackingClients } from './clients.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The token is the last line of what the client prints. */
async function tokenOf(incus: ForeignClient, name: string, ...options: string[]): Promise<string> {
  const lines = (await incus.run(['config', 'trust', 'add', name, ...options])).trim().split('\n');
  assert.match(lines[0] ?? '', new RegExp(`^Client ${name} certificate add token:$`));
  return lines.at(-1) ?? '';
}

async function listenAt(incus: ForeignClient): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  await incus.run(['config', 'set', `core.https_address=${address}`]);
  return address;
}

type Shown = { name: string; type: string; restricted: boolean; projects: string[]; fingerprint: string };
const trusted = async (incus: ForeignClient): Promise<Shown[]> =>
  JSON.parse(await incus.run(['config', 'trust', 'list', '--format', 'json'])) as Shown[];

/** What the other side of the trust is: a second configuration, without the socket. */
const withoutSocket = (directory: string) => ({
  INCUS_SOCKET: '/nonexistent',
  INCUS_CONF: `${directory}/incus-remote`,
  LXD_SOCKET: '/nonexistent',
  LXD_CONF: `${directory}/lxc-remote`,
});

const fieldOf = async (daemon: TestDaemon) => await daemon.client.call('GET /1.0');

test('incus over HTTPS', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus } = clients;
  const env = withoutSocket(clients.directory);
  const remote = {
    run: (words: readonly string[]) => incus.run(words, { env }),
    try: (words: readonly string[]) => incus.try(words, { env }),
  };
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['launch', 'bb', 'c1']);
  let address = '';

  await t.test('config set core.https_address opens the door', async () => {
    address = await listenAt(incus);
    assert.deepEqual((await fieldOf(daemon)).environment?.addresses, [address]);
  });
  await t.test('a bad address is refused and changes nothing', async () => {
    const ended = await incus.try(['config', 'set', 'core.https_address=nonsense:port']);
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, /address to listen on/);
    assert.deepEqual((await fieldOf(daemon)).config, { 'core.https_address': address });
  });
  await t.test('an address in use is refused and changes nothing', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const ended = await incus.try(['config', 'set', `core.https_address=127.0.0.1:${port}`]);
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, /cannot listen on .*another program listens there/);
    assert.deepEqual((await fieldOf(daemon)).config, { 'core.https_address': address });
    taken.close();
  });
  await t.test('remote add with a token', async () => {
    const token = await tokenOf(incus, 'laptop');
    const url = `https://${address}`;
    const said = await remote.run(['remote', 'add', 'g1', url, '--accept-certificate', '--token', token]);
    assert.match(said, /Client certificate now trusted by server: g1/);
    assert.deepEqual(
      (await trusted(incus)).map(({ name, type, restricted }) => [name, type, restricted]),
      [['laptop', 'client', false]],
    );
  });
  await t.test('a token is good once', async () => {
    const token = await tokenOf(incus, 'second');
    const add = (name: string, directory: string) =>
      incus.try(['remote', 'add', name, token, '--accept-certificate'], {
        env: { ...env, INCUS_CONF: `${clients.directory}/${directory}` },
      });
    const first = await add('a', 'once-1');
    assert.equal(first.code, 0, first.stderr);
    const second = await add('b', 'once-2');
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, /not authorized/);
  });
  await t.test('list-tokens and revoke-token', async () => {
    await tokenOf(incus, 'unused');
    const tokens = await incus.run(['config', 'trust', 'list-tokens', '--format', 'csv']);
    assert.match(tokens, /^unused,/m);
    await incus.run(['config', 'trust', 'revoke-token', 'unused']);
    assert.doesNotMatch(await incus.run(['config', 'trust', 'list-tokens', '--format', 'csv']), /unused/);
  });
  await t.test('tokens show when they expire', async () => {
    await incus.run(['config', 'set', 'core.remote_token_expiry=1d']);
    const token = JSON.parse(Buffer.from(await tokenOf(incus, 'short'), 'base64').toString()) as { expires_at: string };
    const hours = (Date.parse(token.expires_at) - Date.now()) / 3_600_000;
    assert.ok(hours > 23 && hours < 25, token.expires_at);
    await incus.run(['config', 'trust', 'revoke-token', 'short']);
    await incus.run(['config', 'unset', 'core.remote_token_expiry']);
  });
  await t.test('list over HTTPS', async () => {
    assert.equal((await remote.run(['list', 'g1:', '-c', 'ns', '-f', 'csv'])).trim(), 'c1,RUNNING');
  });
  await t.test('exec over HTTPS gives output and exit code', async () => {
    assert.equal(await remote.run(['exec', 'g1:c1', '--', 'echo', 'over-https']), 'over-https\n');
    assert.equal((await remote.try(['exec', 'g1:c1', '--', 'sh', '-c', 'exit 7'])).code, 7);
  });
  await t.test('files over HTTPS', async () => {
    const said = await incus.run(['file', 'push', '-', 'g1:c1/tmp/hello'], { env, stdin: 'hello' });
    assert.equal(said, '');
    assert.equal(await remote.run(['file', 'pull', 'g1:c1/tmp/hello', '-']), 'hello');
  });
  await t.test('launch, stop and delete over HTTPS', async () => {
    await remote.run(['launch', 'g1:bb', 'g1:c2']);
    await remote.run(['stop', '--force', 'g1:c2']);
    await remote.run(['delete', 'g1:c2']);
    assert.equal((await incus.run(['list', '-c', 'n', '-f', 'csv'])).trim(), 'c1');
  });
  await t.test('the server says who asks', async () => {
    const info = await remote.run(['info', 'g1:']);
    assert.match(info, /auth: trusted/);
    assert.match(info, /auth_user_method: tls/);
  });
  await t.test('trust show by a beginning of the fingerprint, edit by config', async () => {
    const [first] = await trusted(incus);
    assert.ok(first);
    const shown = await incus.run(['config', 'trust', 'show', first.fingerprint.slice(0, 12)]);
    assert.match(shown, /^name: laptop$/m);
    const edited = shown.replace('name: laptop', 'name: notebook');
    await incus.run(['config', 'trust', 'edit', first.fingerprint.slice(0, 12)], { stdin: edited });
    assert.match(await incus.run(['config', 'trust', 'show', first.fingerprint]), /^name: notebook$/m);
  });
  await t.test('the certificate stays the same across restarts', async () => {
    const before = (await fieldOf(daemon)).environment?.certificate_fingerprint;
    await daemon.end();
    await daemon.start();
    assert.equal((await fieldOf(daemon)).environment?.certificate_fingerprint, before);
    assert.equal((await remote.run(['list', 'g1:', '-c', 'n', '-f', 'csv'])).trim(), 'c1');
  });
  await t.test('an address that is taken at the start is a warning, and is used as soon as it is free', async () => {
    await daemon.end();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(Number(address.split(':')[1]), '127.0.0.1', resolve));
    await daemon.start();
    assert.match(await incus.run(['warning', 'list', '-f', 'csv']), /HTTPS is not served/);
    taken.close();
    const deadline = Date.now() + 60_000;
    while ((await remote.try(['list', 'g1:'])).code !== 0) assert.ok(Date.now() < deadline);
    assert.doesNotMatch(await incus.run(['warning', 'list', '-f', 'csv']), /HTTPS is not served/);
  });
  await t.test('add-certificate trusts a client that comes later', async () => {
    const other = { ...env, INCUS_CONF: `${clients.directory}/third` };
    await incus.run(['remote', 'generate-certificate'], { env: other });
    await incus.run(['config', 'trust', 'add-certificate', `${other.INCUS_CONF}/client.crt`, '--name', 'third']);
    await incus.run(['remote', 'add', 'g1', `https://${address}`, '--accept-certificate'], { env: other });
    assert.equal((await incus.run(['list', 'g1:', '-c', 'n', '-f', 'csv'], { env: other })).trim(), 'c1');
  });
  await t.test('remote add --public', async () => {
    await remote.run(['remote', 'add', 'gpub', `https://${address}`, '--accept-certificate', '--public']);
    assert.match(await remote.run(['remote', 'list', '-f', 'csv']), /^gpub,/m);
  });
  await t.test('trust remove takes the access away', async () => {
    for (const { fingerprint, name } of await trusted(incus))
      if (name === 'notebook') await incus.run(['config', 'trust', 'remove', fingerprint]);
    const ended = await remote.try(['list', 'g1:']);
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, /not authorized/);
  });
  await t.test('unset closes the door', async () => {
    await incus.run(['config', 'unset', 'core.https_address']);
    assert.deepEqual((await fieldOf(daemon)).environment?.addresses, []);
    assert.notEqual((await remote.try(['list', 'g1:'])).code, 0);
  });
});

test('incus with a restricted certificate', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus } = clients;
  const env = withoutSocket(clients.directory);
  const remote = {
    run: (words: readonly string[]) => incus.run(words, { env }),
    try: (words: readonly string[]) => incus.try(words, { env }),
  };
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['project', 'create', 'mine', '-c', 'features.images=false', '-c', 'features.profiles=false']);
  await incus.run(['project', 'create', 'theirs', '-c', 'features.images=false', '-c', 'features.profiles=false']);
  await incus.run(['init', 'bb', 'secret', '--project', 'theirs']);
  const address = await listenAt(incus);
  const token = await tokenOf(incus, 'tenant', '--restricted', '--projects', 'mine');
  await remote.run([
    'remote',
    'add',
    'g1',
    `https://${address}`,
    '--accept-certificate',
    '--token',
    token,
    '--project',
    'mine',
  ]);
  const refused = async (words: readonly string[], text: RegExp) => {
    const ended = await remote.try(words);
    assert.notEqual(ended.code, 0, words.join(' '));
    assert.match(ended.stderr, text);
  };

  await t.test('trust list tells the restriction', async () => {
    assert.deepEqual(
      (await trusted(incus)).map(({ name, restricted, projects }) => [name, restricted, projects]),
      [['tenant', true, ['mine']]],
    );
  });
  await t.test('its project is its own', async () => {
    await remote.run(['launch', 'g1:bb', 'g1:web']);
    assert.equal((await remote.run(['list', 'g1:', '-c', 'ns', '-f', 'csv'])).trim(), 'web,RUNNING');
    assert.equal(await remote.run(['exec', 'g1:web', '--', 'echo', 'hi']), 'hi\n');
    await remote.run(['stop', '--force', 'g1:web']);
    await remote.run(['delete', 'g1:web']);
  });
  await t.test('it sees its projects only', async () => {
    assert.match(await remote.run(['project', 'list', 'g1:', '-f', 'csv']), /^mine [^\n]*\n$/);
  });
  await t.test('other projects are refused', async () => {
    await refused(['list', 'g1:', '--project', 'theirs'], /permission/);
    await refused(['list', 'g1:', '--project', 'default'], /permission/);
    await refused(['list', 'g1:', '--all-projects'], /restricted/);
  });
  await t.test('server, trust, projects, networks and pools are not changed', async () => {
    await refused(['config', 'set', 'g1:', 'user.x=1'], /restricted|not authorized/);
    await refused(['config', 'trust', 'add', 'g1:friend'], /restricted|not authorized/);
    await refused(['project', 'create', 'g1:third'], /restricted|not authorized/);
    await refused(['network', 'create', 'g1:net1'], /restricted|not authorized/);
    await refused(['storage', 'create', 'g1:pool1', 'dir'], /restricted|not authorized/);
    await refused(['profile', 'set', 'g1:default', 'user.x=1'], /permission|restricted/);
    await refused(['image', 'delete', 'g1:bb'], /permission|restricted/);
  });
});

test('lxc 5.0 over HTTPS', { skip: lackingClients('incus', 'lxc') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, lxc } = clients;
  const env = withoutSocket(clients.directory);
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['launch', 'bb', 'c1']);
  const address = await listenAt(incus);

  await t.test('remote add with a token as password', async () => {
    const token = await tokenOf(incus, 'lxc');
    await lxc.run(['remote', 'add', 'lx1', `https://${address}`, '--accept-certificate', '--password', token], { env });
    assert.equal((await lxc.run(['list', 'lx1:', '-c', 'ns', '-f', 'csv'], { env })).trim(), 'c1,RUNNING');
  });
  await t.test('exec over HTTPS', async () => {
    assert.equal(await lxc.run(['exec', 'lx1:c1', '--', 'echo', 'hi'], { env }), 'hi\n');
  });
  await t.test('config trust list and remove', async () => {
    const listed = await lxc.run(['config', 'trust', 'list', '--format', 'csv']);
    assert.match(listed, /lxc/);
    const [first] = await trusted(incus);
    await lxc.run(['config', 'trust', 'remove', first?.fingerprint ?? '']);
    assert.deepEqual(await trusted(incus), []);
  });
  await t.test('remote add with the trust password', async () => {
    await lxc.run(['config', 'set', 'core.trust_password', 'sesame']);
    assert.equal((await lxc.run(['config', 'get', 'core.trust_password'])).trim(), 'true');
    const add = (password: string) =>
      lxc.try(['remote', 'add', 'lx2', `https://${address}`, '--accept-certificate', '--password', password], { env });
    assert.notEqual((await add('wrong')).code, 0);
    const ended = await add('sesame');
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal((await lxc.run(['list', 'lx2:', '-c', 'n', '-f', 'csv'], { env })).trim(), 'c1');
  });
});
