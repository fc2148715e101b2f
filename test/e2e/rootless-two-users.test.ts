/** Two users of one host, each with a daemon of their own: neither sees, reaches or stops what is the other's (A03, F27, W7). */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { lacking } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import type { Done, Order } from './rootless/one-of-two-users.ts';
import { startAsUser } from './rootless/run-as-user.ts';

const skip = lacking();
const limit = { skip, timeout: 150_000 };
type User = { uid: number; pid: number; directory: string; member: number };
type Side = User & { run(order: Order): Promise<Done>; gast(...words: string[]): Promise<string>; child: ChildProcess };
const parts = new AsyncDisposableStack();
let [anna, otto]: Side[] = [];
const sides = () => [anna, otto].map((side) => side ?? assert.fail('a user is missing'));

/** `lines` of what the program of this user says, one for each order. */
async function openUser(env: Record<string, string>): Promise<Side> {
  // As an administrator bounds users in /etc/security/limits.conf.
  const { child } = parts.use(startAsUser('one-of-two-users.ts', { env, before: ['prlimit', '--nproc=1500'] }));
  parts.defer(async () => {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? assert.fail('the user is gone')) as unknown;
  const user = (await next()) as User;
  let last: Promise<unknown> = Promise.resolve();
  const run = (order: Order) => {
    const done = last.then(() => {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      return next() as Promise<Done>;
    });
    last = done;
    return done;
  };
  const gast = async (...words: string[]) => {
    const { code, stdout, stderr } = await run({ gast: words });
    assert.equal(code, 0, `gast ${words.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  return { ...user, run, gast, child };
}

const perl = `use IO::Socket::INET; $d = IO::Socket::INET->new(LocalPort => 80, Listen => 600, ReuseAddr => 1) or die;
  while (1) { $c = $d->accept or next; print $c $ARGV[0]; close $c }`;
/** What the guest `web` of this user sees at an address. */
const look = (side: Side, address: string, guest = 'web') =>
  side.run({
    gast: [
      'exec',
      guest,
      '-n',
      '--',
      'perl',
      '-MIO::Socket::INET',
      '-e',
      '$s = IO::Socket::INET->new(PeerAddr => shift, Timeout => 5) or die "none: $!\n"; print <$s>',
      address,
    ],
  });

before(
  async () => {
    if (skip) return;
    anna = await openUser({});
    otto = await openUser({ GASTHOF_TEST_ROUTER: 'none' });
  },
  { timeout: 120_000 },
);
after(() => parts.disposeAsync());

test('the same names and subnets work for both, side by side', limit, async () => {
  await Promise.all(
    sides().map(async (side) => {
      await side.gast('network', 'create', 'lan', 'ipv4.address=10.99.0.1/24', 'ipv6.address=none');
      await side.gast('launch', 'img', 'web', '--network', 'lan', '-d', 'eth0,ipv4.address=10.99.0.5');
      const serve = ['sh', '-c', '"$@" >/dev/null 2>&1 </dev/null &', 'sh', 'perl', '-e', perl, String(side.uid)];
      await side.gast('exec', 'web', '-n', '--', ...serve);
    }),
  );
  for (const side of sides()) {
    assert.equal((await look(side, '10.99.0.5:80')).stdout, String(side.uid));
    assert.equal(await side.gast('list', '-f', 'csv', '-c', 'n4'), 'web,10.99.0.5 (eth0)');
  }
});

test("a port of the host is one user's, and the other is told", limit, async () => {
  const [one, two] = sides() as [Side, Side];
  const add = (port: number) => [
    'config',
    'device',
    'add',
    'web',
    'out',
    'proxy',
    `listen=tcp:127.0.0.1:${port}`,
    'connect=tcp:127.0.0.1:80',
  ];
  await one.gast(...add(18_080));
  assert.match((await two.run({ gast: add(18_080) })).stderr, /EADDRINUSE/);
  await two.gast(...add(18_081));
  for (const [port, side] of [
    [18_080, one],
    [18_081, two],
  ] as const) {
    const [said] = await once(connect(port, '127.0.0.1'), 'data');
    assert.equal(String(said), String(side.uid));
  }
});

test('neither sees the other: files, sockets, processes, namespaces', limit, async () => {
  const [one, two] = sides() as [Side, Side];
  for (const [self, other] of [
    [one, two],
    [two, one],
  ] as const) {
    const sh = async (script: string) => self.run({ sh: script });
    const denied = async (script: string) => {
      const { code, stdout } = await sh(script);
      // 127: there is no such program, so that nothing was tried.
      assert.ok(code !== 0 && code !== 127, `${script}: ${code} ${stdout}`);
    };
    const { directory, pid, member } = other;
    await denied(`ls ${directory}`);
    for (const name of ['run', 'pools', 'state.sqlite', 'logs', 'server.key', 'pools/default']) {
      await denied(`ls ${directory}/${name}/.`);
      await denied(`cat ${directory}/${name}`);
    }
    await denied(`curl -sS --max-time 5 --unix-socket ${directory}/unix.socket http://x/1.0`);
    await denied(`curl -sS --max-time 5 --unix-socket ${directory}/run/outside.socket http://x/`);
    for (const file of ['environ', 'maps', 'mem']) await denied(`head -c 1 /proc/${pid}/${file}`);
    for (const folder of ['root', 'cwd', 'fd']) await denied(`ls /proc/${pid}/${folder}/.`);
    await denied(`kill -0 ${pid}`);
    await denied(`kill -0 ${member}`);
    await denied(`nsenter --target ${member} --user --net true`);
    await denied(`nsenter --target ${member} --net true`);
    await denied(`ls /proc/${member}/root/sys/kernel/debug/.`);
    // No environment of any process of the other can be read, guests' among them.
    const readable = await sh(
      `for p in /proc/[0-9]*; do cat $p/environ >/dev/null 2>&1 && stat -c %u $p; done | sort -u`,
    );
    assert.deepEqual(
      readable.stdout
        .trim()
        .split('\n')
        .filter((uid) => uid !== String(self.uid)),
      [],
    );
    // The guest knows nothing but its own processes and links.
    assert.match(
      await self.gast('exec', 'web', '-n', '--', 'sh', '-c', 'ls /sys/class/net | tr "\\n" " "'),
      /^eth0 lo\s*$/,
    );
  }
});

test('guests of one cannot reach those of the other, in whatever network', limit, async () => {
  const [one, two] = sides() as [Side, Side];
  await one.gast('network', 'create', 'own', 'ipv4.address=10.98.0.1/24', 'ipv6.address=none');
  await one.gast('launch', 'img', 'hidden', '--network', 'own', '-d', 'eth0,ipv4.address=10.98.0.5');
  await one.gast(
    'exec',
    'hidden',
    '-n',
    '--',
    'sh',
    '-c',
    '"$@" >/dev/null 2>&1 </dev/null &',
    'sh',
    'perl',
    '-e',
    perl,
    'hidden',
  );
  assert.equal((await look(one, '10.98.0.5:80', 'hidden')).stdout, 'hidden');
  assert.notEqual((await look(two, '10.98.0.5:80')).code, 0);
  // Nor a proxy of the other that listens on the loopback of the host.
  assert.notEqual((await look(two, '127.0.0.1:18080')).code, 0);
  assert.notEqual((await look(two, '10.99.0.1:18080')).code, 0);
});

test('one that floods does not stop the other', limit, async (t) => {
  const [one, two] = sides() as [Side, Side];
  // Each child goes on forking and never computes: what is tested is room for processes, not for work.
  const bomb = 'fork // select(undef, undef, undef, 0.2) while 1';
  const inside = (...command: string[]) =>
    one.gast('exec', 'web', '-n', '--', 'sh', '-c', '"$@" >/dev/null 2>&1 </dev/null &', 'sh', ...command);
  await one.gast('config', 'set', 'web', 'limits.processes=300');
  await inside('dd', 'if=/dev/zero', 'of=/root/big', 'bs=1M', 'count=400');
  await inside('perl', '-e', bomb);
  const sockets: Socket[] = [];
  for (let count = 0; count < 500; count += 1) sockets.push(connect(18_080, '127.0.0.1').on('error', () => {}));
  await setTimeout(1000);
  const begin = performance.now();
  assert.equal((await look(two, '10.99.0.5:80')).stdout, String(two.uid));
  const looked = performance.now();
  await two.gast('launch', 'img', 'more', '--network', 'lan');
  const launched = performance.now();
  t.diagnostic(`beside the flood: exec ${Math.round(looked - begin)} ms, launch ${Math.round(launched - looked)} ms`);
  await two.gast('delete', '--force', 'more');
  for (const socket of sockets) socket.destroy();
  // And the flooded daemon still obeys its own user.
  await one.gast('stop', '--force', 'web');
  await one.gast('delete', 'web');
});

test("a fork bomb without limits of guests ends at the user's own", limit, async (t) => {
  const [one, two] = sides() as [Side, Side];
  const { stdout } = await one.run({ sh: 'ulimit -u' });
  assert.equal(stdout.trim(), '1500');
  await one.gast('launch', 'img', 'wild', '--network', 'lan', '-c', 'limits.processes=');
  const init = Number(await one.gast('info', 'wild', '--field', 'state.pid'));
  await one.gast(
    'exec',
    'wild',
    '-n',
    '--',
    'sh',
    '-c',
    '"$@" >/dev/null 2>&1 </dev/null &',
    'sh',
    'perl',
    '-e',
    'fork // select(undef, undef, undef, 1) while 1',
  );
  await setTimeout(3000);
  assert.equal((await look(two, '10.99.0.5:80')).stdout, String(two.uid));
  // What is spent is the user's own room for processes: the daemon may need some to stop the guest. Root always can.
  const { code, stderr } = await one.run({ stop: 'wild' });
  t.diagnostic(`the flooded user's own daemon: ${code === 0 ? 'obeys' : stderr}`);
  if (code !== 0) process.kill(init, 'SIGKILL');
  await eventually('the guest has ended', async () => (await one.run({ stop: 'wild' })).code === 0);
  assert.match(await one.gast('list', 'wild', '-f', 'csv', '-c', 's'), /STOPPED/);
});
