/** A guest that takes all it can get: the host, the daemon and its neighbour stay usable, and the guest is named. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Event } from '../../src/api/resources/events.ts';
import { lacking } from '../daemon.ts';
import { openHouse } from './isolation/house.ts';
import { inside, perl, shell } from './isolation/inside.ts';
import { perlProgram } from './isolation/probe.ts';

const limits = { 'limits.memory': '200MiB', 'limits.memory.swap': 'false', 'limits.processes': '400' };

test('a guest that takes all it can get starves nobody else', { skip: lacking() }, async (t) => {
  await using house = await openHouse();
  const { client } = house;
  await Promise.all([house.launch('greedy', 'debian', { config: limits }), house.launch('beside', 'busybox')]);
  const pl = async (script: string, name = 'greedy') => {
    const { stdout, stderr } = await perl(client, name, perlProgram(script, house.outside));
    return stdout + stderr;
  };

  /** The neighbour forks, opens and writes; the API answers; the host forks. */
  async function othersGoOn(): Promise<void> {
    const work = 'n=0; for i in 1 2 3 4 5 6 7 8 9 10; do (echo $i >/tmp/$i) & done; wait; cat /tmp/[0-9]* | wc -l';
    assert.equal((await shell(client, 'beside', work)).stdout.trim(), '10');
    assert.equal(spawnSync('true').status, 0);
    assert.equal(((await client.call('GET /1.0/instances')) as string[]).length, 2);
  }
  /** A fresh start is the way out of whatever is left, whether the guest survived it or not. */
  async function restart(): Promise<void> {
    const change = (action: 'stop' | 'start') =>
      client.operation('PUT /1.0/instances/{name}/state', {
        params: { name: 'greedy' },
        body: { action, force: action === 'stop' },
      });
    await change('stop').catch(() => {});
    await until(async () => (await stateOf()).status === 'Stopped');
    await change('start');
  }

  await t.test('a fork bomb', async () => {
    await shell(
      client,
      'greedy',
      `perl -e 'while (1) { my $p = fork; next if defined $p; select undef, undef, undef, 0.01 }' >/dev/null 2>&1 &`,
    );
    await until(async () => (await stateOf()).processes >= 390);
    await othersGoOn();
    assert.ok((await stateOf()).processes <= 400);
    await restart();
    assert.ok((await stateOf()).processes < 100);
  });

  await t.test('a memory hog is killed inside, and its guest is named', async () => {
    const told: Event[] = [];
    const stop = new AbortController();
    const following = (async () => {
      for await (const event of client.events({ types: ['lifecycle'], signal: stop.signal })) told.push(event);
    })().catch(() => {});
    const hog = await inside(client, 'greedy', ['perl', '-e', 'my @all; push @all, "x" x 10_000_000 while 1']);
    assert.equal(hog.exitCode, 137);
    await othersGoOn();
    await until(async () =>
      told.some((event) => /oom/.test(JSON.stringify(event)) && /greedy/.test(JSON.stringify(event))),
    );
    stop.abort();
    await following;
    assert.equal((await shell(client, 'greedy', 'echo alive')).stdout, 'alive\n');
  });

  await t.test('files on tmpfs, shared memory and pipes count as its memory', async () => {
    for (const place of ['/dev/shm', '/run', '/tmp/own']) {
      // What cannot be killed away fills the guest to its end: it may die, and comes back by a start.
      const fill = `mkdir -p ${place}; [ ${place} = /tmp/own ] && mount -t tmpfs -o size=10g x ${place}
        head -c 400000000 /dev/zero >${place}/big 2>/dev/null; du -sk ${place}/big | cut -f1`;
      const filled = await shell(client, 'greedy', fill).catch(() => undefined);
      if (filled?.stdout) assert.ok(Number(filled.stdout) <= 200 * 1024, filled.stdout);
      await othersGoOn();
      await restart();
    }
    const shared = await pl(
      `my $n = 0; for (1 .. 400) { my $id = syscall($nr{shmget}, 0, 1 << 20, 0600 | 01000); last if $id < 0; my $page = 'x' x (1 << 20); shmwrite($id, $page, 0, 1 << 20) or last; $n++ } print $n;`,
    ).catch(() => '');
    assert.ok(Number(shared) < 400 || shared === '', `${shared} MiB`);
    await othersGoOn();
    await restart();
  });

  await t.test('open files, pipes and sockets', async () => {
    await shell(
      client,
      'greedy',
      `perl -e 'for (1 .. 100) { next if fork; my @all; while (pipe(my $r, my $w)) { push @all, $r, $w } open(my $f, ">", "/tmp/full"); sleep 1000 }' >/dev/null 2>&1 &`,
    );
    await until(
      async () =>
        (await shell(client, 'greedy', 'ls /tmp/full').catch(() => undefined))?.stdout !== '' ||
        (await stateOf()).status !== 'Running',
    );
    await othersGoOn();
    await restart();
  });

  await t.test('System V objects, message queues, keys, inotify and namespaces', async () => {
    const counts = await pl(`my ($n, %most) = 0;
      for my $what (['msgget', 0, 0600 | 01000], ['semget', 0, 1, 0600 | 01000], ['inotify_init1', 0]) { my ($call, @a) = @$what; $n = 0; $n++ while $n < 70000 && call($call, @a) >= 0; $most{$call} = $n }
      $n = 0; $n++ while $n < 70000 && call('add_key', 'user', "key$n", 'x' x 100, 100, -3) >= 0; $most{add_key} = $n;
      print map { "$_ $most{$_}\\n" } sort keys %most;`);
    for (const line of counts.trim().split('\n')) assert.ok(Number(line.split(' ')[1]) < 70_000, line);
    await othersGoOn();
    const more = `for my $key (1 .. 20) { my $name = "other$key"; die $! if call('add_key', 'user', $name, 'x', 1, -3) < 0 } print 'ok';`;
    const host = spawnSync('perl', ['-'], { input: perlProgram(more, {}), encoding: 'utf8' });
    assert.equal(host.stdout, 'ok', host.stderr);
  });

  await t.test(
    'nested control groups, deeper than a path may be long: the guest is still stopped and deleted',
    async () => {
      const { stdout } = await perl(
        client,
        'greedy',
        `my $top = -d '/sys/fs/cgroup/systemd' ? '/sys/fs/cgroup/systemd' : '/sys/fs/cgroup'; my $name = 'd' x 200; chdir $top; my $n = 0;
      $n++ while $n < 300 && mkdir($name) && chdir($name); print "$n\\n"; chdir $top; $n = 0; $n++ while $n < 500 && mkdir "many$n"; print "$n\\n";`,
      );
      t.diagnostic(`groups made: ${stdout.trim().replaceAll('\n', ' deep, ')} beside`);
      await restart();
      assert.equal((await shell(client, 'greedy', 'echo alive')).stdout, 'alive\n');
    },
  );

  await t.test('thousands of network links and processes with long names do not hold up the daemon', async () => {
    const made = await shell(
      client,
      'greedy',
      `for i in $(seq 1 300); do echo link add d$i type veth peer name e$i; done | ip -batch - 2>&1 | tail -1
      i=0; while [ $i -lt 100 ]; do perl -e 'sleep 300' "$(printf '%05000d' 0)" & i=$((i+1)); done >/dev/null 2>&1; ls /sys/class/net | wc -l`,
    );
    assert.match(made.stdout, /\d/);
    const before = Date.now();
    await stateOf();
    await client.call('GET /1.0/instances/{name}/processes', { params: { name: 'greedy' } });
    assert.ok(Date.now() - before < 5000, `${Date.now() - before} ms`);
    await othersGoOn();
  });

  async function stateOf() {
    return client.call('GET /1.0/instances/{name}/state', { params: { name: 'greedy' } });
  }
});

async function until(look: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await setTimeout(100)) if (await look()) return;
  throw new Error('not within 60 s');
}
