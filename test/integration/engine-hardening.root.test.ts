/** Hardening of containers (recipes, section I), as seen from inside. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Engine, GuestMount } from '../../src/core/ports/engine.ts';
import { usableCgroups } from '../../src/host/cgroup-lent.ts';
import { call } from '../../src/host/libc.ts';
import { endLxcfs, ensureLxcfs } from '../../src/host/lxcfs.ts';
import { command, outcome, running } from '../contract/engine.suite.ts';
import { debianRoot, debianTarball, lacking, openCrunLab, range } from './engine-lab.ts';

const id = '0123456789ab';
const skip = lacking();
const parts = (mounts: GuestMount[]) => mounts.map((mount) => ({ id: mount.path, mount }));
const noDebian = skip || (existsSync(debianTarball) ? false : `needs ${debianTarball}`);

async function says(engine: Engine, script: string): Promise<string> {
  return (await outcome(await engine.exec(id, command('sh', '-c', `{ ${script}; } 2>&1`))))[0].trim();
}

/** errno numbers of calls that perl makes; 0 is success. */
const probe = (calls: string) =>
  `perl -e 'sub t { $! = 0; my $r = syscall($_[0], @_[1..$#_]); print(($r < 0 ? $!+0 : 0), " ") } ${calls}'`;
const [vsock, alg, inet, netlink] = ['t(41,40,1,0);', 't(41,38,5,0);', 't(41,2,1,0);', 't(41,16,3,0);'];

test('the filter denies what reaches past namespaces, and gives back what is allowed', {
  skip: noDebian || (process.arch === 'x64' ? false : 'x86-64 call numbers'),
}, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  const rootfs = await debianRoot(join(lab.directory, 'debian'));
  const init = ['/bin/sleep', '1000'];
  await running(engine, lab.spec(id, { rootfs, init }));
  // 97 EAFNOSUPPORT, 38 ENOSYS, 1 EPERM: vsock, alg, a family number with high bits, inet, netlink.
  assert.equal(await says(engine, probe(`${vsock} ${alg} t(41,2+2**32,1,0); ${inet} ${netlink}`)), '97 97 97 0 0');
  // io_uring_setup, userfaultfd, fanotify_init; bpf, perf_event_open, kexec_load, open_by_handle_at, swapon, syslog.
  assert.equal(
    await says(engine, probe('t($_,0,0,0,0,0) for 425,323,300,321,298,246,304,167,103;')),
    '38 38 38 1 1 1 1 1 1',
  );
  await engine.remove(id);
  await running(engine, lab.spec(id, { rootfs, init, allowedSyscalls: ['perf_event_open'] }));
  // No longer EPERM: the kernel itself sees the call now. The others stay denied.
  assert.match(await says(engine, probe(`t(298,0,0,0,0,0); t(321,0,0,0); ${vsock}`)), /^(14|38) 1 97$/);
});

test('init and commands run filtered, without the capabilities that no namespace confines', { skip }, async () => {
  await using lab = await openCrunLab();
  await running(lab.engine, lab.spec(id, { droppedCapabilities: ['net_raw'] }));
  for (const process of ['1', 'self']) {
    const status = await says(lab.engine, `cat /proc/${process}/status`);
    assert.match(status, /^Seccomp:\s+2$/m);
    const bounding = BigInt(`0x${/^CapBnd:\s+(\w+)$/m.exec(status)?.[1]}`);
    // SYS_MODULE, SYS_RAWIO, SYS_TIME, MAC_OVERRIDE, MAC_ADMIN and the dropped NET_RAW; SYS_ADMIN is there.
    for (const bit of [16, 17, 25, 32, 33, 13]) assert.equal((bounding >> BigInt(bit)) & 1n, 0n, `capability ${bit}`);
    assert.equal((bounding >> 21n) & 1n, 1n);
  }
});

test('the user namespace was made by an id of the guest', { skip }, async () => {
  await using lab = await openCrunLab();
  const { pid } = await running(lab.engine, lab.spec(id));
  const getOwnerUid = 0xb704;
  const ioctl = call<[number, number, Uint32Array]>('int ioctl(int fd, unsigned long request, _Out_ uint32_t *uid)');
  const namespace = openSync(`/proc/${pid}/ns/user`, 'r');
  const owner = new Uint32Array(1);
  ioctl(namespace, getOwnerUid, owner);
  closeSync(namespace);
  assert.equal(owner[0], range.base);
});

test('volumes: read-only stays so, shifted ids fit, links lead nowhere outside, missing ones are told', {
  skip,
}, async () => {
  await using lab = await openCrunLab();
  const { engine, directory, rootfs } = lab;
  const outside = join(directory, 'outside');
  const host = join(directory, 'host');
  for (const path of [outside, host]) mkdirSync(path);
  writeFileSync(join(host, 'file'), 'content\n');
  symlinkSync(`../../../../../../../..${outside}`, join(rootfs, 'mnt/link'));
  // The same path inside the guest, where the link leads.
  mkdirSync(join(rootfs, outside), { recursive: true });
  symlinkSync('/nowhere', join(rootfs, 'mnt/dangling'));
  const base = { source: host, readOnly: false, shifted: false, optional: false };
  await running(
    engine,
    lab.spec(id, {
      parts: parts([
        { ...base, path: '/mnt/ro', readOnly: true },
        { ...base, path: '/mnt/shifted', shifted: true },
        { ...base, path: '/mnt/link/deep' },
        { ...base, path: '/mnt/one-file', source: join(host, 'file'), readOnly: true, shifted: true },
        { ...base, path: '/mnt/none', source: join(directory, 'none'), optional: true },
      ]),
    }),
  );
  assert.match(await says(engine, 'echo x >/mnt/ro/new'), /Read-only/);
  assert.match(await says(engine, 'mount -o remount,rw,bind /mnt/ro'), /denied|not permitted/i);
  assert.equal(
    await says(engine, 'stat -c %u /mnt/shifted/file; touch /mnt/shifted/new; cat /mnt/one-file'),
    '0\ncontent',
  );
  assert.equal(statSync(join(host, 'new')).uid, 0);
  assert.deepEqual([existsSync(join(outside, 'deep')), await says(engine, 'ls /mnt/none')].map(Boolean), [false, true]);
  await engine.remove(id);
  const dangling = lab.spec(id, { parts: parts([{ ...base, path: '/mnt/dangling/x' }]) });
  await assert.rejects(engine.create(dangling), /dangling.*leads nowhere/);
  const broken = lab.spec(id, { parts: parts([{ ...base, path: '/mnt/x', source: join(directory, 'none') }]) });
  await assert.rejects(engine.create(broken), /none.*does not exist/);
});

test('kernel file systems are mounted without set-uid, devices and programs', { skip }, async () => {
  await using lab = await openCrunLab();
  await running(lab.engine, lab.spec(id));
  const mounts = (await says(lab.engine, 'cat /proc/mounts')).split('\n').map((line) => line.split(' '));
  for (const path of ['/proc', '/sys', '/dev/mqueue']) {
    const options = mounts.find(([, target]) => target === path)?.[3]?.split(',') ?? [];
    assert.deepEqual(
      ['nosuid', 'nodev', 'noexec'].filter((option) => !options.includes(option)),
      [],
      path,
    );
  }
  const shm = mounts.find(([, target]) => target === '/dev/shm')?.[3] ?? '';
  assert.match(shm, /nosuid.*nodev/);
  assert.match(await says(lab.engine, 'echo -500 >/proc/1/oom_score_adj'), /denied|not permitted/i);
  assert.match(await says(lab.engine, 'echo 1 >/proc/sysrq-trigger'), /Read-only|denied|nonexistent/i);
});

test('lxcfs shows the limits of the guest, is found again, and its end is noticed', { skip }, async (t) => {
  const parent = mkdtempSync('/run/gasthof-lxcfs-');
  const directory = join(parent, 'lxcfs');
  const groups = usableCgroups();
  chmodSync(parent, 0o711);
  using cleanup = new DisposableStack();
  cleanup.defer(() => {
    endLxcfs(directory);
    rmSync(parent, { recursive: true, force: true });
  });
  const { mounted, reason } = await ensureLxcfs(directory, groups);
  if (!mounted) return t.skip(reason ?? 'no lxcfs');
  await using lab = await openCrunLab({ lxcfsDirectory: directory });
  assert.deepEqual(await ensureLxcfs(directory, groups), { mounted: true });
  await running(lab.engine, lab.spec(id, { limits: { memoryBytes: 128 * 2 ** 20 } }));
  assert.match(await says(lab.engine, 'cat /proc/meminfo'), /MemTotal:\s+131072 kB/);
  assert.ok(Number.parseFloat(await says(lab.engine, 'cat /proc/uptime')) < 60);
  assert.ok(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) > 60);
  await lab.engine.remove(id);
});
