/** Ports of the host for an ordinary user's daemon: proxies, forwards, HTTPS, what kills leave. Runs in tools/as-user (W1, W6). */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { importImage, lacking, launch, startDaemon, type TestDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { asUser } from '../own-namespaces.ts';
import { runGast } from './gast.ts';

const skip = lacking() || (asUser ? false : 'needs an ordinary user: tools/lab tools/as-user node --test ...');
/** What tools/as-user gives the host. */
const hostAddress = '192.0.2.2';
let daemon: TestDaemon;

const gast = async (...words: string[]) => {
  const ended = await runGast(daemon.env, words);
  assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stderr}`);
  return ended.stdout;
};
const refused = async (...words: string[]) => {
  const ended = await runGast(daemon.env, words);
  assert.notEqual(ended.code, 0, words.join(' '));
  return ended.stderr;
};

/** Words that give the guest a proxy. */
const proxy = (device: string, listen: string, connectTo: string, ...keys: string[]): string[] => [
  ...['config', 'device', 'add', 'web', device, 'proxy', `listen=${listen}`, `connect=${connectTo}`],
  ...keys,
];

/** A program inside that says whom it hears, and then what it hears. */
const perl = `use IO::Socket::INET; use IO::Socket::UNIX; $SIG{CHLD} = "IGNORE"; my ($kind, $at) = @ARGV;
  if ($kind eq "udp") { $s = IO::Socket::INET->new(Proto => "udp", LocalPort => $at) or die;
    while ($s->recv($m, 9000)) { $s->send("heard $m") } }
  $d = $kind eq "tcp" ? IO::Socket::INET->new(LocalPort => $at, Listen => 50, ReuseAddr => 1)
    : IO::Socket::UNIX->new(Local => $at =~ s/^@/\\0/r, Listen => 50);
  while (1) { $c = $d->accept or next; if (fork) { close $c; next } close $d; $| = 1; select $c; $| = 1;
    print "from ", $kind eq "tcp" ? $c->peerhost : "path", "\\n"; print while <$c>; exit }`;

async function serve(guest: string, kind: 'tcp' | 'udp' | 'unix', at: string | number): Promise<void> {
  await gast(
    'exec',
    guest,
    '-n',
    '--',
    'sh',
    '-c',
    '"$@" >/dev/null 2>&1 </dev/null &',
    'sh',
    'perl',
    '-e',
    perl,
    kind,
    String(at),
  );
  const file = `/proc/net/${kind}`;
  const shown = kind === 'unix' ? String(at) : `:${Number(at).toString(16).toUpperCase().padStart(4, '0')} `;
  await eventually(`${kind} ${at} is served`, async () =>
    (await gast('exec', guest, '-n', '--', 'cat', file)).includes(shown),
  );
}

const open = (to: NetConnectOpts) => connect({ ...to, allowHalfOpen: true });
async function allOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (part: Buffer) => {
    text += part;
  });
  await once(socket, 'end');
  return text;
}
/** What the other end says to `words`. */
async function exchange(to: NetConnectOpts, words = 'hello\n'): Promise<string> {
  const socket = open(to);
  socket.end(words);
  return allOf(socket);
}
const here = (port: number, host = '127.0.0.1') => ({ port, host });

const helperPid = (name: string) =>
  Number(readFileSync(join(daemon.directory, `run/${name}.pid`), 'utf8').split(' ')[0]);
const relaySocket = () => join(daemon.names.stage, 'relay.sock');
/** Found by its command line: it belongs to this daemon alone. */
function relayPid(): number {
  const found = readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(relaySocket().replace(/^\/proc\/\d+\/root/, ''))
      );
    } catch {
      return false;
    }
  });
  assert.equal(found.length, 1, `relays: ${found}`);
  return Number(found[0]);
}

before(async () => {
  if (skip) return;
  daemon = await startDaemon();
  await importImage(daemon, 'sysvinit', 'img');
  await launch(daemon, 'web', 'img');
  await serve('web', 'tcp', 80);
  await serve('web', 'udp', 53);
  await serve('web', 'unix', '/run/inside.sock');
});
after(() => daemon?.[Symbol.asyncDispose]());

test('proxies listen on the host: TCP, UDP, paths and abstract names', { skip }, async () => {
  const path = join(daemon.directory, 'out.sock');
  await gast(...proxy('p1', 'tcp:127.0.0.1:18080', 'tcp:127.0.0.1:80'));
  await gast(...proxy('p2', 'udp:127.0.0.1:18053', 'udp:127.0.0.1:53'));
  await gast(...proxy('p3', `unix:${path}`, 'unix:/run/inside.sock', 'mode=0600'));
  await gast(...proxy('p4', 'unix:@gasthof-test', 'tcp:127.0.0.1:80'));
  await gast(...proxy('p5', `tcp:${hostAddress}:18081-18083`, 'tcp:127.0.0.1:80'));
  assert.equal(await exchange(here(18_080)), 'from 127.0.0.1\nhello\n');
  assert.equal(await exchange({ path }), 'from path\nhello\n');
  assert.equal(statSync(path).uid, process.getuid?.());
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(await exchange({ path: '\0gasthof-test' }), 'from 127.0.0.1\nhello\n');
  assert.equal(await exchange(here(18_083, hostAddress)), 'from 127.0.0.1\nhello\n');
  const udp = createSocket('udp4');
  udp.send('ping', 18_053, '127.0.0.1');
  const [answer] = await once(udp, 'message');
  udp.close();
  assert.equal(String(answer), 'heard ping');
  for (const device of ['p2', 'p3', 'p4', 'p5']) await gast('config', 'device', 'remove', 'web', device);
  assert.equal(existsSync(path), false);
});

test('a proxy of the other direction reaches servers of the host', { skip }, async () => {
  const server = createServer((socket) => socket.end('the host')).listen(0, '127.0.0.1');
  const path = join(mkdtempSync(join(daemon.directory, 'host-')), 'host.sock');
  const byPath = createServer((socket) => socket.end('a path')).listen(path);
  await Promise.all([once(server, 'listening'), once(byPath, 'listening')]);
  const { port } = server.address() as { port: number };
  await gast(...proxy('b1', 'tcp:127.0.0.1:90', `tcp:127.0.0.1:${port}`, 'bind=instance'));
  await gast(...proxy('b2', 'unix:/run/b2.sock', `unix:${path}`, 'bind=instance'));
  const ask = (code: string) =>
    gast(
      'exec',
      'web',
      '-n',
      '--',
      'perl',
      '-MIO::Socket::INET',
      '-MIO::Socket::UNIX',
      '-e',
      `$s = ${code} or die $!; print <$s>`,
    );
  assert.equal(await ask('IO::Socket::INET->new("127.0.0.1:90")'), 'the host');
  assert.equal(await ask('IO::Socket::UNIX->new("/run/b2.sock")'), 'a path');
  for (const device of ['b1', 'b2']) await gast('config', 'device', 'remove', 'web', device);
  server.close();
  byPath.close();
});

test('the PROXY protocol tells the client, and nat=true is carried', { skip }, async () => {
  await gast('config', 'device', 'set', 'web', 'p1', 'proxy_protocol=true');
  assert.match(
    await exchange(here(18_080), ''),
    /^from 127\.0\.0\.1\nPROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ 18080\r\n$/,
  );
  await gast('config', 'device', 'set', 'web', 'p1', 'proxy_protocol=false');
  await gast(...proxy('n1', `tcp:${hostAddress}:18090`, 'tcp:0.0.0.0:80', 'nat=true'));
  assert.match(await exchange(here(18_090, hostAddress)), /^from 10\.[\d.]+\nhello\n$/);
  await gast('config', 'device', 'remove', 'web', 'n1');
});

test('what the host refuses is said with what helps', { skip }, async () => {
  const low = await refused(...proxy('low', 'tcp:127.0.0.1:81', 'tcp:127.0.0.1:80'));
  assert.match(low, /an ordinary user may not listen on port 81[\s\S]*sysctl net\.ipv4\.ip_unprivileged_port_start=81/);
  assert.match(await refused('config', 'set', 'core.https_address', '127.0.0.1:443'), /ip_unprivileged_port_start=443/);
  assert.match(
    await refused(...proxy('own', `unix:${daemon.directory}/x.sock`, 'tcp:127.0.0.1:80', 'uid=1')),
    /cannot be uid 1 on the host/,
  );
});

test('network forwards listen on addresses of the host, and guests see where they come from', { skip }, async () => {
  const network = daemon.names.defaultNetwork;
  const address = (await gast('list', 'web', '-c', '4', '-f', 'csv')).split(' ')[0] ?? '';
  await gast('network', 'forward', 'create', network, hostAddress);
  const add = ['network', 'forward', 'port', 'add', network, hostAddress];
  await gast(...add, 'tcp', '18100,18101', address, '80');
  await gast(...add, 'udp', '18053', address, '53');
  const bridge = (await gast('network', 'get', network, 'ipv4.address')).trim().split('/')[0];
  assert.equal(await exchange(here(18_101, hostAddress)), `from ${bridge}\nhello\n`);
  const udp = createSocket('udp4');
  udp.send('ping', 18_053, hostAddress);
  assert.equal(String((await once(udp, 'message'))[0]), 'heard ping');
  udp.close();
  // Refused as a whole: what was there goes on.
  const taken = createServer().listen(18_102, hostAddress);
  await once(taken, 'listening');
  assert.match(await refused(...add, 'tcp', '18103,18102', address, '80'), /EADDRINUSE/);
  taken.close();
  assert.match(await refused(...add, 'tcp', '99', address, '80'), /ordinary user may not listen on port 99/);
  assert.match(
    await refused('network', 'forward', 'set', network, hostAddress, `target_address=${address}`),
    /has to name its ports/,
  );
  await assert.rejects(exchange(here(18_103, hostAddress)), /ECONNREFUSED/);
  assert.equal(await exchange(here(18_100, hostAddress)), `from ${bridge}\nhello\n`);
  await gast('network', 'forward', 'create', network, '192.0.2.99');
  assert.match(
    await refused('network', 'forward', 'port', 'add', network, '192.0.2.99', 'tcp', '18100', address, '80'),
    /EADDRNOTAVAIL/,
  );
  await gast('network', 'forward', 'delete', network, '192.0.2.99');
});

test('the address of the server is one of the host, and a client over TLS reaches it', { skip }, async () => {
  await gast('config', 'set', 'core.https_address', `${hostAddress}:18443`);
  const said = await new Promise<string>((resolve, reject) => {
    const socket = connectTls({ host: hostAddress, port: 18_443, rejectUnauthorized: false }, () => {
      socket.write('GET /1.0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      allOf(socket).then(resolve, reject);
    });
    socket.on('error', reject);
  });
  assert.match(said, /^HTTP\/1\.1 200 [\s\S]*"auth":"untrusted"/);
  await gast('config', 'set', 'core.https_address', ':18443');
  const { environment } = (await daemon.client.call('GET /1.0')) as { environment: { addresses: string[] } };
  assert.ok(environment.addresses.includes(`${hostAddress}:18443`), environment.addresses.join());
  const bridge = (await gast('network', 'get', daemon.names.defaultNetwork, 'ipv4.address')).trim().split('/')[0];
  assert.ok(!environment.addresses.includes(`${bridge}:18443`));
});

test('connections and listeners outlive the daemon; a relay and a doorman that were killed come back', {
  skip,
}, async () => {
  const bridge = (await gast('network', 'get', daemon.names.defaultNetwork, 'ipv4.address')).trim().split('/')[0];
  const works = async () => {
    assert.equal(await exchange(here(18_080)), 'from 127.0.0.1\nhello\n');
    assert.equal(await exchange(here(18_100, hostAddress)), `from ${bridge}\nhello\n`);
  };
  const long = open(here(18_080));
  await once(long, 'data');
  const relay = relayPid();
  await daemon.end('SIGKILL');
  await works();
  await daemon.start();
  assert.equal(relayPid(), relay);
  await works();

  process.kill(relay, 'SIGKILL');
  // Its end or, when something was on the way, a reset.
  await once(long.resume(), 'end').catch(() => {});
  long.destroy();
  await eventually('the relay comes back', () =>
    works().then(
      () => true,
      () => false,
    ),
  );
  assert.notEqual(relayPid(), relay);
  await daemon.end('SIGKILL');
  process.kill(relayPid(), 'SIGKILL');
  await daemon.start();
  await works();

  const next = open(here(18_080));
  await once(next, 'data');
  process.kill(helperPid('doorman'), 'SIGKILL');
  const words = proxy('late', 'tcp:127.0.0.1:18200', 'tcp:127.0.0.1:80');
  assert.match(await refused(...words), /nobody opens sockets in the host's network[\s\S]*start gasthofd again/);
  await works();
  await daemon.end();
  await daemon.start();
  await gast(...words);
  assert.equal(await exchange(here(18_200)), 'from 127.0.0.1\nhello\n');
  next.end('still\n');
  assert.equal(await allOf(next), 'still\n');
});

test('nothing is left behind: no listener, no relay', { skip }, async () => {
  const pid = relayPid();
  await gast('stop', '--force', 'web');
  await assert.rejects(exchange(here(18_080)), /ECONNREFUSED/);
  await gast('network', 'forward', 'delete', daemon.names.defaultNetwork, hostAddress);
  await assert.rejects(exchange(here(18_100, hostAddress)), /ECONNREFUSED/);
  await eventually('the relay ends', () => !existsSync(`/proc/${pid}`));
});
