/** packaging/gasthof-users: what a host without systemd does for ordinary users at boot (F12, W6). */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findCgroupMounts } from '../../src/host/cgroup-mounts.ts';
import { lacking } from '../daemon.ts';

const script = join(import.meta.dirname, '../../packaging/gasthof-users');
const { kind, roots } = findCgroupMounts();
const skip =
  lacking() ||
  (kind === 'v2' && 'needs cgroup v1') ||
  (existsSync('/run/systemd/system') && 'needs a host without systemd');

function makeWorld() {
  const directory = mkdtempSync(join(tmpdir(), 'boot-'));
  chmodSync(directory, 0o755);
  const [uid, gid] = execFileSync('sh', ['-c', 'id -u games; id -g games'], { encoding: 'utf8' }).trim().split('\n');
  const groups = roots.map((root) => join(root, `gasthof-user-${uid}`));
  mkdirSync(join(directory, 'bin'));
  mkdirSync(join(directory, 'default'));
  // In place of the command line: says as whom it was called, and tries to use what was lent.
  const said = join(directory, 'said');
  writeFileSync(said, '');
  chmodSync(said, 0o666);
  const gast = `#!/bin/sh
    for h in ${roots.join(' ')}; do
      g=$h/gasthof-user-$(id -u); mkdir -p $g/guest
      # As the daemon does.
      [ ! -f $g/cpuset.cpus ] || for f in cpuset.cpus cpuset.mems; do cat $g/$f >$g/guest/$f; done
      (echo 0 >$g/guest/cgroup.procs) || echo "no $h"
    done >>${said} 2>&1
    echo "$(id -u):$(id -g) $GASTHOF_DIR $*" >>${said}`;
  writeFileSync(join(directory, 'bin/gast'), gast, { mode: 0o755 });
  const users = `# NAME [DIRECTORY]\ngames ${directory}/state\nnobody-such\nroot\n`;
  writeFileSync(join(directory, 'users'), users);
  const run = (lend: string) => {
    const settings = `GASTHOF=${directory}\nLIST=${directory}/users\nLEND=${lend}\n`;
    writeFileSync(join(directory, 'default/gasthof-users'), settings);
    writeFileSync(said, '');
    const words = ['--mount', 'sh', '-c', `mount --bind ${directory}/default /etc/default && exec "$0" start`, script];
    const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
    return { status, stderr, said: readFileSync(said, 'utf8') };
  };
  const clear = () => {
    for (const group of groups) spawnSync('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
  };
  return {
    ...{ directory, uid, gid, groups, run, clear },
    [Symbol.dispose]() {
      clear();
      rmSync(directory, { recursive: true });
    },
  };
}

test('each user of the list gets control groups and its daemon; root and who does not exist are refused', {
  skip,
}, () => {
  using world = makeWorld();
  const { directory, uid, gid, groups } = world;
  const { stderr, said } = world.run('yes');
  assert.match(stderr, /there is no user nobody-such/);
  assert.match(stderr, /root is root/);
  assert.equal(said, `${uid}:${gid} ${directory}/state --quiet admin start\n`);
  for (const group of groups)
    assert.deepEqual([group, statSync(group).uid, existsSync(join(group, 'guest'))], [group, Number(uid), true]);
  // Once more, with all that there is.
  assert.match(world.run('yes').said, /admin start\n$/);
});

test('control groups are not lent where the administrator does not want it', { skip }, () => {
  using world = makeWorld();
  assert.match(world.run('no').said, /admin start\n$/);
  for (const group of world.groups) assert.equal(existsSync(group), false, group);
});
