import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCgroups } from './cgroup.ts';
import { findCgroupMounts } from './cgroup-mounts.ts';

const id = '0123456789ab';
const mib = 2 ** 20;

/** A directory that looks like a v2 hierarchy with one guest in it. */
function fakeV2(controllers: string) {
  const root = mkdtempSync(join(tmpdir(), 'gasthof-cgroup-'));
  const guest = join(root, 'gasthof-x', id);
  mkdirSync(guest, { recursive: true });
  const files: Record<string, string> = {
    'cpuset.cpus': '\n',
    'cpu.max': 'max 100000\n',
    'cpu.weight': '100\n',
    'cpu.stat': 'usage_usec 1500\nuser_usec 1000\n',
    'memory.max': 'max\n',
    'memory.swap.max': 'max\n',
    'memory.current': `${40 * mib}\n`,
    'memory.swap.current': '4096\n',
    'memory.stat': `anon ${10 * mib}\ninactive_file ${20 * mib}\nactive_file ${10 * mib}\n`,
    'pids.max': 'max\n',
    'pids.current': '7\n',
    'cgroup.events': 'populated 1\nfrozen 0\n',
    'cgroup.procs': '',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(guest, name), text);
  writeFileSync(join(root, 'cgroup.controllers'), controllers);
  writeFileSync(join(root, 'cpuset.cpus.effective'), '0-3\n');
  const mounts = findCgroupMounts(`30 20 0:26 / ${root} rw - cgroup2 cgroup2 rw\n`);
  return {
    cgroups: openCgroups('gasthof-x', mounts),
    read: (name: string) => readFileSync(join(guest, name), 'utf8').trim(),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

test('cgroup v2: limits become the files of the one hierarchy', () => {
  using tree = fakeV2('cpuset cpu memory pids');
  tree.cgroups.apply(id, {
    cpuCount: 2,
    cpuQuota: { quotaUs: 50_000, periodUs: 100_000 },
    cpuPriority: 5,
    memoryBytes: 64 * mib,
    swap: false,
    processes: 20,
  });
  assert.equal(tree.read('cpu.max'), '50000 100000');
  assert.equal(tree.read('cpu.weight').slice(0, 2), '95');
  assert.equal(tree.read('memory.max').slice(0, 8), String(64 * mib));
  assert.equal(tree.read('memory.swap.max').slice(0, 1), '0');
  assert.equal(tree.read('pids.max').slice(0, 2), '20');
  assert.match(tree.read('cpuset.cpus'), /^\d[-,]\d$/);
});

test('cgroup v2: a limit below what cannot be given back is refused, page cache does not count', () => {
  using tree = fakeV2('cpuset cpu memory pids');
  assert.throws(() => tree.cgroups.apply(id, { memoryBytes: 8 * mib }), /less than the 10485760 bytes in use/);
  assert.equal(tree.read('memory.max'), 'max');
  tree.cgroups.apply(id, { memoryBytes: 12 * mib });
  assert.equal(tree.read('memory.max').slice(0, 8), String(12 * mib));
});

test('cgroup v2: counters', () => {
  using tree = fakeV2('cpuset cpu memory pids');
  const usage = tree.cgroups.usage(id);
  assert.deepEqual([usage.cpuNs, usage.cpuUserNs], [1_500_000, 1_000_000]);
  assert.deepEqual([usage.memoryBytes, usage.swapBytes, usage.processes], [40 * mib, 4096, 7]);
  // memory.peak is missing before kernel 5.19.
  assert.equal(usage.memoryPeakBytes, 40 * mib);
  assert.equal(tree.cgroups.isFrozen(id), false);
});

test('a limit whose controller the host lacks is refused with its name, and only that limit', () => {
  using tree = fakeV2('cpu memory');
  assert.match(tree.cgroups.refusal({ processes: 5 }, id) ?? '', /limits.processes.*"pids".*v2/);
  assert.equal(tree.cgroups.refusal({ memoryBytes: mib }, id), undefined);
});

test('v1, hybrid and v2 are told apart by the mounts', () => {
  const v1 = [
    '31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
    '33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd',
  ].join('\n');
  const mounts = findCgroupMounts(v1);
  assert.equal(mounts.kind, 'v1');
  assert.deepEqual([...mounts.controllers.keys()], ['memory', 'cpu', 'cpuacct', 'name=systemd']);
  assert.equal(mounts.controllers.get('cpuacct'), '/sys/fs/cgroup/cpu,cpuacct');
});
