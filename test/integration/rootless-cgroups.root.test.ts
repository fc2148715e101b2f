/**
 * Control groups of an ordinary user's guests (A04, C03): prepared on cgroup v1, prepared for systemd alone, not at all, and
 * delegated on v2. Limits, counters, freezing and removal work, or what does not is refused with what would help.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacking } from '../daemon.ts';

type Seen = {
  doctor: string[];
  place: string;
  limited: { launched: string; seen: string; forks: string; device: string; changed: string };
  plain: { launched: string; states: string[] };
  systemd: { launched: string; state: string; failed: string; console: string; usage: number };
  made: number;
  again: { states: string[]; exec: string; groups: number; samePlace: boolean; memory: number };
  left: string[];
};

const root = join(import.meta.dirname, '../..');
const skip = lacking();
const timeout = 170_000;

/** `before`: words that prepare a place for the user. */
function asUser(words: string[], env: Record<string, string>, before: (scratch: string) => string[] = () => []): Seen {
  const scratch = mkdtempSync('/var/tmp/gu-');
  chmodSync(scratch, 0o711);
  const program = join(import.meta.dirname, 'rootless-cgroups-as-user.ts');
  const { GASTHOF_DIR: _, GASTHOF_SOCKET: __, ...own } = process.env;
  const [file = '', ...args] = [...before(scratch), join(root, 'tools/as-user'), process.execPath, program, ...words];
  try {
    const user = spawnSync(file, args, {
      encoding: 'utf8',
      env: { ...own, TMPDIR: scratch, ...env },
      timeout: timeout - 10_000,
    });
    assert.equal(user.status, 0, user.stderr);
    return JSON.parse(user.stdout) as Seen;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const hasV1 = spawnSync('grep', ['-q', ' - cgroup cgroup ', '/proc/self/mountinfo']).status === 0;
const v1 = skip || (hasV1 ? false : 'needs cgroup v1');

test('v1 with groups prepared in all hierarchies: everything as with root', { skip: v1, timeout }, () => {
  const seen = asUser(['systemd'], {});
  assert.ok(
    seen.doctor.every((line) => line.startsWith('ok')),
    seen.doctor.join('\n'),
  );
  assert.match(seen.limited.seen, /MemTotal:\s+98304 kB\s+1$/);
  assert.match(seen.limited.forks, /fork/);
  // A group of devices is root's matter: a node of the host opens by its own permissions.
  assert.equal(seen.limited.device, '');
  assert.deepEqual(seen.plain.states, ['Frozen', 'Running']);
  assert.deepEqual([seen.systemd.state, seen.systemd.failed], ['running', '']);
  assert.ok(seen.systemd.usage >= 4);
  assert.ok(seen.made > 3);
  assert.deepEqual(
    { ...seen.again, memory: 0 },
    {
      states: ['Frozen', 'Running'],
      exec: 'works',
      groups: seen.made,
      samePlace: true,
      memory: 0,
    },
  );
  assert.equal(seen.again.memory, 128 * 2 ** 20);
  assert.deepEqual(seen.left, []);
});

test('v1 with a group for systemd alone: its guests run, limits are refused', { skip: v1, timeout }, () => {
  const seen = asUser(['systemd'], { GASTHOF_TEST_GROUPS: 'systemd' });
  assert.deepEqual([seen.systemd.state, seen.systemd.failed], ['running', '']);
  assert.match(seen.limited.launched, /limits\.\w+ needs the cgroup controller "\w+", which is not delegated/);
  assert.deepEqual(seen.plain.states, ['Frozen', 'Running']);
  assert.match(seen.doctor.join('\n'), /warn cgroup memory +not delegated; limits\.memory is refused/);
  assert.match(seen.doctor.join('\n'), /ok +cgroup of systemd guests/);
  assert.deepEqual(seen.again.states, ['Frozen', 'Running']);
  assert.deepEqual(seen.left, []);
});

test('v1 without a group: systemd is refused before it is started, other inits run', { skip: v1, timeout }, () => {
  const seen = asUser([], { GASTHOF_TEST_GROUPS: 'none' });
  assert.match(seen.systemd.launched, /run by systemd, which needs a control group of its own/);
  assert.match(seen.systemd.launched, /as root: for h in \S.*gasthof-user-\d+; mkdir -p \$g;.*chown \d+:\d+ \$g/);
  assert.equal(seen.systemd.state, 'Stopped');
  assert.doesNotMatch(seen.systemd.console, /systemd|Failed/);
  assert.match(seen.limited.launched, /needs the cgroup controller/);
  assert.match(seen.doctor.join('\n'), /warn cgroup of systemd guests +not delegated/);
  assert.deepEqual(seen.plain.states, ['Frozen', 'Running']);
  assert.deepEqual([seen.again.states, seen.again.exec], [['Frozen', 'Running'], 'works']);
  assert.equal(seen.made, 0);
});

/**
 * v2 as a user's systemd gives it: a group with two below, as systemd's are below that of `user@.service`, and systemd-run,
 * which makes a third. (No controllers: v1 has them here, or the host does not delegate them to a test.)
 */
const delegated = `set -e
name=$1; stubs=$2; shift 2
umount -l -R /sys; umount -l -R /sys 2>/dev/null || true
mount -t sysfs sysfs /sys; mount -t cgroup2 cgroup2 /sys/fs/cgroup
top=/sys/fs/cgroup/$name; mkdir $top $top/session $top/other
clear() { cd /; find $top -depth -type d -exec rmdir {} \\; || true; }
trap clear EXIT
chmod -R a+w $top
echo 0 > $top/session/cgroup.procs
status=0; PATH=$stubs:$PATH "$@" || status=$?
echo 0 > /sys/fs/cgroup/cgroup.procs
exit $status`;

const stubs: Record<string, string> = {
  systemctl: '#!/bin/sh\nexit 0\n',
  'systemd-run': `#!/bin/sh
for word; do case $word in --unit=*) name=\${word#--unit=} ;; esac; done
while [ "$1" != -- ]; do shift; done; shift
scope=/sys/fs/cgroup/$(cut -d: -f3 /proc/self/cgroup | tail -n 1)/../$name.scope
mkdir "$scope" && echo 0 > "$scope/cgroup.procs" && exec "$@"
`,
};

test('v2 with a delegated scope: systemd runs, and a later daemon goes to the same groups', { skip, timeout }, () => {
  const seen = asUser(['systemd'], {}, (scratch) => {
    for (const [file, text] of Object.entries(stubs)) writeFileSync(join(scratch, file), text, { mode: 0o755 });
    const name = `gasthof-test-${scratch.split('-').at(-1)}`;
    return ['unshare', '--mount', '--propagation=private', 'bash', '-c', delegated, 'bash', name, scratch];
  });
  assert.match(seen.place, /\/gasthofd-\d+\.scope\/gasthofd$/);
  assert.match(seen.doctor.join('\n'), /ok +cgroup of systemd guests +version 2, delegated/);
  assert.deepEqual([seen.systemd.state, seen.systemd.failed], ['running', '']);
  assert.deepEqual(seen.plain.states, ['Frozen', 'Running']);
  assert.deepEqual(seen.again.states, ['Frozen', 'Running']);
  assert.deepEqual([seen.again.exec, seen.again.groups, seen.again.samePlace], ['works', seen.made, true]);
  assert.deepEqual(seen.left, []);
});
