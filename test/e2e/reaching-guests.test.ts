/** Ports of guests from the host by `gast forward`, `ssh` and `socks`: the same for root's daemon and for a user's (W1, B10). */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gast, importImage, lacking, launch, startDaemon, type TestDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { tested } from '../tested.ts';
import { runGast } from './gast.ts';

const skip = lacking();
let daemon: TestDaemon;
const run = (...words: string[]) => runGast(daemon.env, words);

/** A program inside: a child for each connection, whose streams it is. */
const perl = `use IO::Socket::INET; $SIG{CHLD} = "IGNORE";
  $door = IO::Socket::INET->new(LocalPort => shift, Listen => 50, ReuseAddr => 1) or die;
  while (1) {
    $client = $door->accept or next;
    if (fork) { close $client; next } close $door;
    open STDIN, "<&", $client; open STDOUT, ">&", $client; close $client; exec @ARGV }`;

/** Starts it with a command of the shell, and waits until it listens. */
async function serve(port: number, command: string): Promise<void> {
  const words = ['perl', '-e', perl, String(port), 'sh', '-c', command];
  const inside = ['sh', '-c', '"$@" >/dev/null 2>&1 </dev/null &', 'sh', ...words];
  const { code, stderr } = await run('exec', 'web', '-n', '--', ...inside);
  assert.equal(code, 0, stderr);
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  await eventually(`port ${port} listens`, async () =>
    new RegExp(`:${hex} [0:]+ 0A`).test((await run('exec', 'web', '-n', '--', 'cat', '/proc/net/tcp')).stdout),
  );
}

const web =
  'read -r line; printf "HTTP/1.0 200 OK\\r\\nContent-Length: 15\\r\\n\\r\\nhello from web\\n"; cat >/dev/null';

/** `gast` with these words until it has said where it listens. */
async function background(
  env: Record<string, string>,
  ...words: string[]
): Promise<{ child: ChildProcess; ports: number[]; errors(): string }> {
  const child = spawn(gast, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, errors] = ['', ''];
  child.stdout.on('data', (part: Buffer) => {
    said += part;
  });
  child.stderr.on('data', (part: Buffer) => {
    errors += part;
  });
  await eventually('gast listens', () => /Ctrl-C/.test(errors) || child.exitCode !== null);
  assert.equal(child.exitCode, null, errors);
  return {
    child,
    ports: [...said.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port)),
    errors: () => errors,
  };
}

async function end({ child }: { child: ChildProcess }): Promise<number | null> {
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  const [code] = await gone;
  return code;
}

async function allOf(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  await once(socket, 'end');
  return Buffer.concat(parts);
}

const connectTo = (port = 0) => connect({ port, host: '127.0.0.1', allowHalfOpen: true });

/** Connections that programs inside have, by their port. */
async function insideAt(port: number): Promise<number> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const { stdout } = await run('exec', 'web', '-n', '--', 'cat', '/proc/net/tcp', '/proc/net/tcp6');
  return [...stdout.matchAll(new RegExp(`: [0-9A-F]+:${hex} [0-9A-F:]+ 01 `, 'g'))].length;
}

before(async () => {
  if (skip) return;
  daemon = await startDaemon();
  await importImage(daemon, 'sysvinit', 'bb');
  await launch(daemon, 'web', 'bb');
  await serve(80, web);
  await serve(7, 'cat');
  await serve(9, 'sha256sum');
  await serve(19, 'head -c 536870912 /dev/zero');
});
after(() => daemon?.[Symbol.asyncDispose]());

test('several ports by one command, many connections at once, and Ctrl-C ends it', { skip }, async () => {
  const forward = await background(daemon.env, 'forward', 'web', '0:80', '0:7');
  const [http, echo] = forward.ports;
  const pages = await Promise.all(
    Array.from({ length: 50 }, async () =>
      (await fetch(`http://127.0.0.1:${http}/`, { headers: { Connection: 'close' } })).text(),
    ),
  );
  assert.deepEqual(new Set(pages), new Set(['hello from web\n']));
  const socket = connectTo(echo);
  socket.end('said');
  assert.equal((await allOf(socket)).toString(), 'said');
  assert.equal(await end(forward), 0);
  assert.equal(forward.errors().split('\n').length, 2, forward.errors());
});

test('one direction may end before the other, with nothing lost', { skip }, async () => {
  const forward = await background(daemon.env, 'forward', 'web', '0:9');
  const data = randomBytes(20 * 2 ** 20);
  const socket = connectTo(forward.ports[0]);
  socket.end(data);
  const sum = createHash('sha256').update(data).digest('hex');
  assert.equal((await allOf(socket)).toString().split(' ')[0], sum);
  await end(forward);
});

test('half a gigabyte at speed', { skip }, async (t) => {
  const forward = await background(daemon.env, 'forward', 'web', '0:19');
  const begin = performance.now();
  const socket = connectTo(forward.ports[0]);
  let received = 0;
  socket.on('data', (part) => {
    received += part.length;
  });
  await once(socket, 'end');
  const seconds = (performance.now() - begin) / 1000;
  assert.equal(received, 2 ** 29);
  t.diagnostic(`${Math.round(received / seconds / 2 ** 20)} MiB/s`);
  assert.ok(received / seconds > 20 * 2 ** 20);
  await end(forward);
});

test('--stdio carries one connection on the streams', { skip }, async () => {
  const child = spawn(gast, ['forward', 'web', '--stdio', '7'], {
    env: daemon.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end('through');
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.equal(Buffer.concat(parts).toString(), 'through');
  assert.equal((await run('forward', 'web', '--stdio', '7', '80')).code, 2);
});

test('where nobody listens, and a guest that does not run', { skip }, async () => {
  const { code, stderr } = await run('forward', 'web', '--stdio', '4');
  assert.equal(code, 1);
  assert.match(stderr, /Port 4 of web does not answer: nobody listens there[\s\S]*ss -ltn/);
  const forward = await background(daemon.env, 'forward', 'web', '0:4');
  const socket = connectTo(forward.ports[0]);
  await assert.rejects(once(socket, 'end'), /ECONNRESET/);
  await eventually('it is told', () => /Port 4 of web does not answer/.test(forward.errors()));
  await end(forward);
  await daemon.client.operation('POST /1.0/instances', {
    body: { name: 'off', source: { type: 'image', alias: 'bb' } } as never,
  });
  assert.match((await run('forward', 'off', '8080:80')).stderr, /off is not running[\s\S]*gast start off/);
  assert.match((await run('forward', 'off', '--stdio', '80')).stderr, /not running/);
  assert.match((await run('forward', 'none', '8080:80')).stderr, /not found/);
});

test('a command or a client that is killed leaves no connection inside', { skip }, async () => {
  const forward = await background(daemon.env, 'forward', 'web', '0:7');
  const clients = Array.from({ length: 5 }, () => connectTo(forward.ports[0]));
  for (const client of clients) {
    client.on('error', () => {});
    client.write('x');
    await once(client, 'data');
  }
  assert.equal(await insideAt(7), 5);
  clients[0]?.destroy();
  await eventually('the connection of a client that went ends', async () => (await insideAt(7)) === 4);
  forward.child.kill('SIGKILL');
  await eventually('those of a killed command end', async () => (await insideAt(7)) === 0);
});

test('the end of the guest ends its connections, and the command goes on', { skip }, async () => {
  const forward = await background(daemon.env, 'forward', 'web', '0:7');
  const client = connectTo(forward.ports[0]);
  client.write('x');
  await once(client, 'data');
  client.on('error', () => {});
  client.resume();
  const over = Promise.race([once(client, 'end'), once(client, 'close')]);
  assert.equal((await run('restart', 'web', '--force')).code, 0);
  await over;
  client.destroy();
  await serve(7, 'cat');
  await serve(80, web);
  const next = connectTo(forward.ports[0]);
  next.end('again');
  assert.equal((await allOf(next)).toString(), 'again');
  await end(forward);
});

test('socks finds guests by their names', { skip }, async () => {
  const socks = await background(daemon.env, 'socks', '0');
  const ask = async (url: string) => {
    const curl = spawn('curl', ['-sS', '--max-time', '20', '--proxy', `socks5h://127.0.0.1:${socks.ports[0]}`, url]);
    const parts: Buffer[] = [];
    for (const stream of [curl.stdout, curl.stderr]) stream.on('data', (part: Buffer) => parts.push(part));
    const [code] = await once(curl, 'close');
    return `${code} ${Buffer.concat(parts)}`;
  };
  assert.equal(await ask('http://web/'), '0 hello from web\n');
  assert.equal(await ask('http://web.gast/'), '0 hello from web\n');
  assert.match(await ask('http://none/'), /^97 /);
  assert.match(await ask('http://web:4/'), /^97 /);
  await end(socks);
});

test('ssh gets a way to the guest, a name for its key, and a clear word when there is no server', {
  skip,
}, async () => {
  const programs = join(daemon.directory, 'programs');
  mkdirSync(programs);
  // Stands for ssh: does what the options say, as ssh does it.
  writeFileSync(
    join(programs, 'ssh'),
    '#!/bin/sh\nprintf "%s\\n" "$@" >&2\ncommand=$(printf %s "$2" | sed "s/^ProxyCommand=//; s/%%/%/g")\nprintf hi | sh -c "$command" || exit 255\n',
  );
  chmodSync(join(programs, 'ssh'), 0o755);
  const ssh = (...words: string[]) =>
    runGast({ ...daemon.env, PATH: `${programs}:${daemon.env.PATH}` }, ['ssh', ...words]);
  const refused = await ssh('web', 'uptime');
  assert.equal(refused.code, 255);
  assert.match(refused.stderr, /No ssh server answers in web[\s\S]*gast shell web/);
  await serve(22, 'cat');
  const ended = await ssh('web', '-v', 'uptime');
  assert.deepEqual([ended.code, ended.stdout], [0, 'hi']);
  assert.match(ended.stderr, /HostKeyAlias=gast-local-web\n-l\nroot\nweb\n-v\nuptime\n$/);
  assert.match((await ssh('anna@web')).stderr, /-l\nanna\nweb\n$/);
});

test('a guest of another server, over HTTPS: half-closed and large as well, and only for who may', {
  skip,
}, async (t) => {
  const home = join(daemon.directory, 'elsewhere');
  mkdirSync(home);
  const env = { PATH: daemon.env.PATH ?? '', HOME: home, ...tested, GASTHOF_SOCKET: join(home, 'none') };
  const there = async (...words: string[]) => {
    const ended = await runGast(env, words);
    assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stderr}`);
  };
  await run('config', 'set', 'core.https_address', '127.0.0.1:18443');
  await there('remote', 'add', 'far', (await run('config', 'trust', 'add', 'laptop')).stdout.trim());
  await serve(9, 'sha256sum');
  await serve(19, 'head -c 268435456 /dev/zero');
  const forward = await background(env, 'forward', 'far:web', '0:9', '0:19');
  const data = randomBytes(20 * 2 ** 20);
  const socket = connectTo(forward.ports[0]);
  socket.end(data);
  assert.equal((await allOf(socket)).toString().split(' ')[0], createHash('sha256').update(data).digest('hex'));
  const begin = performance.now();
  let received = 0;
  const large = connectTo(forward.ports[1]).on('data', (part) => {
    received += part.length;
  });
  await once(large, 'end');
  assert.equal(received, 2 ** 28);
  t.diagnostic(`${Math.round(received / (performance.now() - begin) / 1048.576)} MiB/s over TLS`);
  assert.match((await runGast(env, ['forward', 'far:web', '--stdio', '4'])).stderr, /nobody listens there/);
  await end(forward);
  const stranger = spawn('curl', [
    '-sk',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '-H',
    'Connection: Upgrade',
    '-H',
    'Upgrade: tcp',
    'https://127.0.0.1:18443/1.0/instances/web/connect?port=9',
  ]);
  const [code] = await once(stranger.stdout, 'data');
  assert.equal(String(code), '403');
});
