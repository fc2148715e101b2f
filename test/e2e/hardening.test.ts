/** The ten points of hardening that the plain container recipe lacks, on a real daemon with systemd guests (B06, B11). */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { InstanceFull } from '../../src/api/resources/instances.ts';
import { lacking } from '../daemon.ts';
import { insideWords, runBeside } from '../own-namespaces.ts';
import { listenBeside } from '../say.ts';
import { listen, sendForged } from './isolation/frames.ts';
import { openHouse } from './isolation/house.ts';
import { inside, perl, shell } from './isolation/inside.ts';
import { perlProgram } from './isolation/probe.ts';

const nobody = 65_534;

test('the ten points of hardening hold', { skip: lacking() }, async (t) => {
  await using house = await openHouse();
  const { client, daemon, outside } = house;
  const volume = join(dirname(outside.SECRET_FILE ?? ''), 'volume');
  mkdirSync(volume);
  writeFileSync(join(volume, 'file'), 'before');
  const disk = { type: 'disk', source: volume, path: '/mnt/volume', readonly: 'true' };
  await Promise.all([
    house.launch('alone', 'debian', { devices: { volume: disk } }),
    house.launch('given', 'debian', { config: { 'security.syscalls.allow': 'userfaultfd' } }),
  ]);
  const sh = async (script: string, name = 'alone') => (await shell(client, name, script)).stdout;
  const pl = async (script: string, name = 'alone', facts = outside) => {
    const { stdout, stderr } = await perl(client, name, perlProgram(script, facts));
    return stdout + stderr;
  };

  await t.test('1. a setuid program made by guest root is out of reach of the host’s users', async () => {
    await sh('cp /bin/sh /root/rootshell && chmod 4755 /root/rootshell');
    const places = [daemon.directory, daemon.names.stage];
    // lxcfs looks for the init of who asks, in vain for seconds when that is a user of the host.
    const search = ['find', ...places, '-name', 'lxcfs', '-prune', '-o', '-name', 'rootshell', '-print'];
    const [find = '', ...words] = [...insideWords(daemon.directory), ...search];
    const found = spawnSync(find, words, { encoding: 'utf8' });
    const pid = await initOf('alone');
    const paths = [...found.stdout.split('\n').filter(Boolean), `/proc/${pid}/root/root/rootshell`];
    assert.ok(paths.length > 1, 'the program is on the host’s disk');
    for (const path of paths) {
      // By a shell in between: setpriv itself looks for a program with the rights that it gives up.
      const another = [
        'setpriv',
        `--reuid=${nobody}`,
        `--regid=${nobody}`,
        '--clear-groups',
        'sh',
        '-c',
        'exec "$0" -c id',
      ];
      const [program = '', ...rest] = [...insideWords(daemon.directory), ...another, path];
      const run = spawnSync(program, rest, { encoding: 'utf8' });
      assert.match(run.stderr, /: Permission denied/, `${path}: ${run.stdout}${run.stderr}`);
    }
  });

  await t.test('2. a read-only volume stays so for guest root', async () => {
    const outcome = await shell(
      client,
      'alone',
      `cat /mnt/volume/file; for step in 'mount -o remount,bind,rw /mnt/volume' 'mount -o remount,rw /mnt/volume' \\
        'mount --bind /mnt/volume /mnt && mount -o remount,bind,rw /mnt && touch /mnt/new' \\
        'unshare -m sh -c "mount -o remount,bind,rw /mnt/volume && touch /mnt/volume/new"' 'touch /mnt/volume/new' 'umount /mnt/volume && ls /mnt/volume/file'
        do sh -c "$step" >/dev/null 2>&1 && echo "POSSIBLE $step"; done; true`,
    );
    assert.equal(outcome.stdout, 'before');
    assert.equal(readFileSync(join(volume, 'file'), 'utf8'), 'before');
  });

  await t.test(
    '3. init and commands have no descriptor of the host, and no working directory below /proc',
    async () => {
      assert.equal(
        await pl("print join(' ', sort map { m{(\\d+)$} } grep { -e } glob '/proc/self/fd/*'), qq(\\n);"),
        '0 1 2\n',
      );
      const targets = await sh('for file in /proc/1/fd/*; do readlink $file; done');
      for (const target of targets.split('\n').filter(Boolean))
        assert.match(target, /^(socket:|pipe:|anon_inode:|\/dev\/|\/proc\/|\/sys\/fs\/cgroup|\/run\/|\/$)/);
      for (const cwd of ['/proc/self/fd/3', '/proc', '/proc/1/root'])
        await assert.rejects(inside(client, 'alone', ['true'], { cwd }), /proc/);
      await sh(
        'for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do ln -s /proc/self/fd/$n /root/fd$n; ln -s /proc/thread-self/fd/$n /fd$n; done',
      );
      for (let n = 3; n <= 16; n += 1)
        for (const cwd of [`/root/fd${n}`, `/fd${n}`, '/root/../root/fd7']) {
          const script = `[ -e ..$0 ] || [ -e ../../../../../..$0 ] && echo POSSIBLE $(readlink /proc/self/cwd); true`;
          const outcome = await inside(client, 'alone', ['sh', '-c', script, outside.SECRET_FILE ?? ''], { cwd }).catch(
            () => undefined,
          );
          assert.doesNotMatch(outcome?.stdout ?? '', /POSSIBLE/, cwd);
        }
    },
  );

  await t.test(
    '4. the filter holds for init and commands, systemd runs under it, a key gives one call back',
    async () => {
      assert.equal(await sh('grep -h ^Seccomp: /proc/1/status /proc/self/status'), 'Seccomp:\t2\nSeccomp:\t2\n');
      assert.equal(
        await sh('systemctl is-system-running --wait; systemctl --failed --no-legend | wc -l'),
        'running\n0\n',
      );
      const calls = (list: string) =>
        `for my $call (qw(${list})) { my @a = (-1, 0, 0, 0, 0, 0); $! = 0; call($call, @a); print "$call ", errno(), "\\n" }`;
      const answers = await pl(
        calls(
          'kexec_load kexec_file_load init_module finit_module delete_module open_by_handle_at clock_settime settimeofday clock_adjtime adjtimex swapon swapoff acct quotactl quotactl_fd syslog bpf perf_event_open lookup_dcookie',
        ) + calls('userfaultfd fanotify_init fanotify_mark io_uring_setup io_uring_enter io_uring_register'),
      );
      const wrong = answers
        .trim()
        .split('\n')
        .filter((line, n) => !line.endsWith(n < 19 ? ' EPERM' : ' ENOSYS'));
      assert.deepEqual(wrong, []);
      const families = await pl(
        `for my $family (0 .. 60, 0x100000001) { for my $call ('socket', 'socketpair') { $! = 0; my $pair = "\\0" x 8; my $possible = syscall($nr{$call}, $family, 2, 0, $pair) >= 0; print "$family " if $possible || !$!{EAFNOSUPPORT} } }`,
      );
      assert.equal(families.trim(), '1 1 2 2 10 10 16 16 17 17');
      assert.equal(
        await pl("attempt('userfaultfd', 1); attempt('fanotify_init', 0, 0);"),
        'refused userfaultfd: ENOSYS\nrefused fanotify_init: ENOSYS\n',
      );
      assert.equal(
        await pl("attempt('userfaultfd', 1); attempt('fanotify_init', 0, 0);", 'given'),
        'POSSIBLE userfaultfd\nrefused fanotify_init: ENOSYS\n',
      );
    },
  );

  await t.test('5. inotify instances used up by one guest are not missing elsewhere', async () => {
    const count = 'my $n = 0; $n++ while $n < 5000 && call(\'inotify_init1\', 0) >= 0; print "$n\\n";';
    const rest = 'open(my $file, ">", "/root/exhausted"); close $file; sleep 1 until -e "/root/stop-inotify";';
    const exhausting = pl(`${count} ${rest}`);
    await until(() => sh('ls /root/exhausted'));
    try {
      assert.equal(await pl("attempt('inotify_init1', 0)"), 'refused inotify_init1: EMFILE\n');
      assert.equal(await pl("attempt('inotify_init1', 0)", 'given'), 'POSSIBLE inotify_init1\n');
      assert.equal(
        spawnSync('perl', ['-'], { input: perlProgram("attempt('inotify_init1', 0)", {}), encoding: 'utf8' }).stdout,
        'POSSIBLE inotify_init1\n',
      );
    } finally {
      await sh('touch /root/stop-inotify');
    }
    assert.ok(Number(await exhausting) > 64);
  });

  await t.test('6. mountinfo inside shows no path of the host', async () => {
    const lines = await sh('cat /proc/self/mountinfo', 'given');
    const [root] = lines.split('\n').filter((line) => line.split(' ')[4] === '/');
    assert.match(root ?? '', / - (overlay|ext4|btrfs|xfs|tmpfs) /);
    for (const path of [daemon.directory, daemon.names.stage, process.cwd(), '/tmp/', 'pools'])
      assert.ok(!lines.includes(path), path);
  });

  await t.test('7. cards send with their own addresses only, the host answers DNS, DHCP and ping only', async () => {
    const [one, two] = await Promise.all([addressOf('alone'), addressOf('given')]);
    const bridge = daemon.names.defaultNetwork;
    const gateway = (await sh("ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'")).trim();
    const facts = {
      ...outside,
      OWN_MAC: one.hwaddr,
      OWN_IP: one.ipv4,
      OTHER_MAC: two.hwaddr,
      OTHER_IP: two.ipv4,
      GATEWAY: gateway,
    };
    const heard = pl(listen, 'given', facts);
    await until(() => sh('ls /root/listening', 'given'));
    assert.equal(await pl(sendForged, 'alone', facts), 'sent\n');
    // It goes the way that all frames before it went.
    await sh(`ping -c 1 -W 20 ${two.ipv4}`);
    await sh('touch /root/stop', 'given');
    assert.equal(await heard, 'forged:control\n');

    const { port, server } = await listenBeside(daemon.directory);
    const connect = (to: string, at: number) =>
      `timeout 2 bash -c ': </dev/tcp/${to}/${at}' 2>/dev/null && echo open ${at}`;
    const answers = await sh(
      `${connect(gateway, port)}; ${connect(gateway, 53)}; ping -c 1 -W 20 ${gateway} >/dev/null && echo ping`,
    );
    server.kill();
    assert.equal(answers, 'open 53\nping\n');
    const setting = (name: string) => runBeside(daemon.directory, ['cat', `/proc/sys/net/${name}`]);
    for (const name of ['accept_ra', 'accept_redirects']) assert.equal(setting(`ipv6/conf/${bridge}/${name}`), '0\n');
    assert.equal(setting(`ipv4/conf/${bridge}/accept_redirects`), '0\n');
  });

  await t.test('8. pulls and pushes never wait for a FIFO or device and stay in the guest', async () => {
    await sh(
      'mkfifo /root/fifo; ln -s /dev/zero /root/zero; ln -s ../../../../../../../.. /root/up; ln -s / /root/top; ln -s fifo /root/tofifo',
    );
    const params = { name: 'alone' };
    const pull = async (path: string) => {
      const signal = AbortSignal.timeout(20_000);
      const answer = await client.raw('GET /1.0/instances/{name}/files', { params, query: { path }, signal });
      return text(answer);
    };
    const push = (path: string) =>
      client.call('POST /1.0/instances/{name}/files', {
        params,
        query: { path },
        upload: Readable.from(['pushed']),
        headers: { 'Content-Type': 'application/octet-stream' },
      });
    for (const path of [
      '/root/fifo',
      '/dev/zero',
      '/dev/console',
      '/proc/kmsg',
      '/proc/1/mem',
      '/run/systemd/journal/socket',
      '/run/initctl',
    ])
      await assert.rejects(pull(path), { code: 'file.refused' }, path);
    for (const path of [
      '/root/fifo',
      '/root/zero',
      '/root/tofifo',
      '/proc/sys/kernel/core_pattern',
      '/sys/power/state',
      '/dev/console',
    ])
      await assert.rejects(push(path), { code: 'file.refused' }, path);
    for (const path of ['/root/up/etc/hostname', '/root/top/etc/hostname', '/../../etc/hostname'])
      assert.equal(await pull(path), 'alone\n');
    await assert.rejects(pull(`/root/up${outside.SECRET_FILE}`), { code: 'file.not-found' });
    await push('/root/up/root/pushed');
    assert.equal(await sh('cat /root/pushed'), 'pushed');
  });

  await t.test('9. memory and processes are limited by default', async () => {
    const read =
      'cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max';
    const [processes, memory] = (await sh(read)).split('\n').map(Number);
    const hostKb = Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
    assert.equal(processes, 8192);
    assert.ok(memory !== undefined && memory > 0 && memory < hostKb * 1024, String(memory));
  });

  await t.test('10. kernel file systems have their flags and masks; nobody is spared by the OOM killer', async () => {
    const options = new Map(
      (await sh('cat /proc/self/mountinfo'))
        .split('\n')
        .map((line) => [line.split(' ')[4], (line.split(' ')[5] ?? '').split(',')]),
    );
    for (const place of ['/proc', '/sys', '/dev/mqueue'])
      for (const flag of ['nosuid', 'nodev', 'noexec'])
        assert.ok(options.get(place)?.includes(flag), `${place}: ${flag}`);
    for (const flag of ['nosuid', 'nodev']) assert.ok(options.get('/dev/shm')?.includes(flag), flag);
    assert.equal(
      await sh(
        'cat /proc/1/oom_score_adj; (echo -1 >/proc/1/oom_score_adj) 2>/dev/null || echo refused; cat /proc/self/oom_score_adj',
      ),
      '0\nrefused\n0\n',
    );
    assert.equal(
      await sh(
        'wc -c </proc/timer_list; ls /sys/firmware | wc -l; (echo h >/proc/sysrq-trigger) 2>/dev/null || echo refused',
      ),
      '0\n0\nrefused\n',
    );
  });

  async function full(name: string): Promise<InstanceFull> {
    return (await client.call('GET /1.0/instances/{name}', {
      params: { name },
      query: { recursion: '1' },
    })) as InstanceFull;
  }
  async function initOf(name: string): Promise<number> {
    return (await full(name)).state?.pid ?? 0;
  }
  async function addressOf(name: string): Promise<{ hwaddr: string; ipv4: string }> {
    const nic = (await full(name)).state?.network?.eth0;
    const ipv4 = nic?.addresses.find(({ family, scope }) => family === 'inet' && scope === 'global')?.address;
    return { hwaddr: nic?.hwaddr ?? '', ipv4: ipv4 ?? '' };
  }
});

/** Looks again until the command prints something. */
async function until(look: () => Promise<string>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await setTimeout(50))
    if ((await look()) !== '') return;
  throw new Error('not within 60 s');
}
