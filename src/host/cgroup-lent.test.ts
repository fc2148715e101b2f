import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cgroupAdvice } from './cgroup-advice.ts';
import { findLentCgroups } from './cgroup-lent.ts';
import { findCgroupMounts } from './cgroup-mounts.ts';

const uid = 1234;

/** Directories that look like groups of one hierarchy; `files` are in each. */
function fakeHierarchy(type: 'cgroup' | 'cgroup2', options: string, groups: string[], files: Record<string, string>) {
  const directory = mkdtempSync(join(tmpdir(), 'gasthof-lent-'));
  const root = join(directory, options);
  for (const group of groups) {
    mkdirSync(join(root, group), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, group, name), text);
  }
  if (type === 'cgroup2') writeFileSync(join(root, 'cgroup.controllers'), 'cpu memory\n');
  const mounts = findCgroupMounts(`30 20 0:26 / ${root} rw - ${type} ${type} rw,${options}\n`);
  return {
    root,
    mounts,
    memory: join(directory, 'memory.json'),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

test('v1: what is prepared for the user is taken, and kept for a later daemon', () => {
  using fake = fakeHierarchy('cgroup', 'pids', ['gasthof-user-1234', 'elsewhere'], { 'cgroup.procs': '' });
  const base = join(fake.root, 'gasthof-user-1234');
  const lent = findLentCgroups(uid, fake.mounts, fake.memory);
  assert.deepEqual([lent.roots, [...lent.controllers]], [[base], [['pids', base]]]);
  const elsewhere = join(fake.root, 'elsewhere');
  writeFileSync(fake.memory, JSON.stringify({ [fake.root]: elsewhere }));
  assert.deepEqual(findLentCgroups(uid, fake.mounts, fake.memory).roots, [elsewhere]);
  rmSync(elsewhere, { recursive: true });
  assert.deepEqual(findLentCgroups(uid, fake.mounts, fake.memory).roots, [base]);
});

test('v1: a group without CPUs is not taken, because nothing can join it', () => {
  using fake = fakeHierarchy('cgroup', 'cpuset', ['gasthof-user-1234'], { 'cgroup.procs': '', 'cpuset.cpus': '\n' });
  assert.deepEqual(findLentCgroups(uid, fake.mounts).roots, []);
  writeFileSync(join(fake.root, 'gasthof-user-1234', 'cpuset.cpus'), '0-1\n');
  assert.equal(findLentCgroups(uid, fake.mounts).controllers.size, 1);
});

test('v2: processes of the base go beside the guests, and controllers are passed on', () => {
  using fake = fakeHierarchy('cgroup2', 'unified', ['gasthof-user-1234'], {
    'cgroup.procs': '77\n',
    'cgroup.events': 'populated 1\n',
    'cgroup.controllers': 'memory pids\n',
    'cpuset.cpus': '\n',
  });
  const base = join(fake.root, 'gasthof-user-1234');
  mkdirSync(join(base, 'gasthofd'));
  writeFileSync(join(base, 'gasthofd/cgroup.procs'), '');
  const lent = findLentCgroups(uid, fake.mounts);
  assert.deepEqual([lent.roots, lent.hierarchy], [[base], fake.root]);
  assert.deepEqual([...lent.controllers.keys()], ['memory', 'pids', '']);
  assert.equal(readFileSync(join(base, 'gasthofd/cgroup.procs'), 'utf8'), '77');
  assert.equal(readFileSync(join(base, 'cgroup.subtree_control'), 'utf8'), '+pids');
});

test('v2: a base is not taken when this process may not go there', () => {
  using fake = fakeHierarchy('cgroup2', 'unified', ['gasthof-user-1234'], { 'cgroup.procs': '' });
  // A file in its place, as for a group that the kernel does not let us make.
  writeFileSync(join(fake.root, 'gasthof-user-1234/gasthofd'), '');
  const lent = findLentCgroups(uid, fake.mounts);
  assert.deepEqual([lent.roots, lent.controllers.size], [[], 0]);
});

test('what an administrator is told names all hierarchies, and that of systemd where nobody mounted it', () => {
  using fake = fakeHierarchy('cgroup', 'pids', ['x'], {});
  const advice = cgroupAdvice(uid, fake.mounts);
  assert.match(advice, /^after each boot, .*gast autostart enable installs, as root: /);
  assert.match(advice, /mount -t cgroup -o none,name=systemd cgroup \/sys\/fs\/cgroup\/systemd; for h in /);
  assert.ok(advice.includes(`for h in ${fake.root} /sys/fs/cgroup/systemd; do g=$h/gasthof-user-1234;`), advice);
  using v2 = fakeHierarchy('cgroup2', 'unified', ['x'], {});
  assert.match(cgroupAdvice(uid, v2.mounts), existsSync('/run/systemd/system') ? /Delegate=/ : /echo PID > /);
});
