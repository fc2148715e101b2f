/** bin/gasthofd: the daemon's mount namespace, its process id, and the way back into the namespace of a killed daemon. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const root = dirname(dirname(import.meta.dirname));
const scratch = mkdtempSync(join(tmpdir(), 'gasthof-launcher-'));
const instance = join(scratch, 'instance');
const runDirectory = join(instance, 'run');
const started = new Set<ChildProcess>();

// A checkout whose daemon tells what it sees and waits: the launcher is under test, not the daemon.
const checkout = join(scratch, 'checkout');
mkdirSync(join(checkout, 'dist'), { recursive: true });
for (const part of ['bin', 'libexec']) cpSync(join(root, part), join(checkout, part), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
writeFileSync(
  join(checkout, 'dist', 'gasthofd.cjs'),
  `const fs = require('node:fs');
  fs.writeFileSync(process.env.GASTHOF_DIR + '/seen.json', JSON.stringify({
    pid: process.pid, namespace: fs.readlinkSync('/proc/self/ns/mnt'), args: process.argv.slice(2),
    unified: fs.existsSync('/sys/fs/cgroup/unified/cgroup.controllers'),
    limits: /Max open files +(\\d+) +(\\d+)/.exec(fs.readFileSync('/proc/self/limits', 'utf8')).slice(1),
    inherited: process.env.GASTHOF_NAMESPACE ?? '' }));
  setInterval(() => {}, 1000);`,
);

type Seen = { pid: number; namespace: string; args: string[]; unified: boolean; limits: string[]; inherited: string };

afterEach(async () => {
  await Promise.all([...started].map(end));
  rmSync(instance, { recursive: true, force: true });
});
after(() => rmSync(scratch, { recursive: true }));

test('the daemon has the pid of the launcher, a mount namespace of its own and the highest file limit', async () => {
  const { child, seen } = await start(['--some', 'option']);
  assert.equal(seen.pid, child.pid);
  assert.notEqual(seen.namespace, readlinkSync('/proc/self/ns/mnt'));
  assert.deepEqual(seen.args, ['--some', 'option']);
  assert.equal(seen.limits[0], seen.limits[1]);
  assert.equal(seen.inherited, '');
  assert.equal(readFileSync(join(runDirectory, 'gasthofd.pid'), 'utf8'), `${child.pid} ${startTime(child)}\n`);
});

test('no cgroup v2 mount with controllers is left beside v1 in the daemon, and the one outside stays', async () => {
  const controllers = '/sys/fs/cgroup/unified/cgroup.controllers';
  const outside = existsSync(controllers);
  const { seen } = await start();
  assert.equal(seen.unified && outside && readFileSync(controllers, 'utf8').trim() !== '', false);
  assert.equal(existsSync(controllers), outside);
});

test('a second daemon of the same directory is refused with the pid of the first', async () => {
  const { child } = await start();
  const second = launchSync();
  assert.equal(second.status, 75);
  assert.match(second.stderr, new RegExp(`already running for ${instance} \\(pid ${child.pid}\\)`));
});

test('a daemon enters the namespace of a killed one in which a process still lives', async () => {
  const first = await start();
  const survivor = spawn('nsenter', [`--mount=/proc/${first.child.pid}/ns/mnt`, 'sleep', '600'], { stdio: 'ignore' });
  started.add(survivor);
  await until(() => readlinkSync(`/proc/${survivor.pid}/ns/mnt`) === first.seen.namespace);
  await end(first.child);
  writeFileSync(join(runDirectory, 'mount-namespace.pid'), `999999 5\n${survivor.pid} ${startTime(survivor)}\n`);
  const next = await start();
  assert.equal(next.seen.pid, next.child.pid);
  assert.equal(next.seen.namespace, first.seen.namespace);
});

test('a pid that was given to another process since does not lead into its namespace', async () => {
  mkdirSync(runDirectory, { recursive: true });
  const stranger = spawn('unshare', ['--mount', 'sleep', '600'], { stdio: 'ignore' });
  started.add(stranger);
  const own = readlinkSync('/proc/self/ns/mnt');
  await until(() => readlinkSync(`/proc/${stranger.pid}/ns/mnt`) !== own);
  writeFileSync(join(runDirectory, 'mount-namespace.pid'), `${stranger.pid} 1\n`);
  const { seen } = await start();
  assert.notEqual(seen.namespace, readlinkSync(`/proc/${stranger.pid}/ns/mnt`));
});

test('a relative directory is refused before anything is made', () => {
  const relative = launchSync({ GASTHOF_DIR: 'here' });
  assert.equal(relative.status, 64);
  assert.match(relative.stderr, /must be an absolute path, not here/);
  assert.equal(existsSync(instance), false);
});

test('a user without subordinate ids is told the line that gives some (B10)', () => {
  const home = mkdtempSync(join(tmpdir(), 'gasthof-nobody-'));
  try {
    chownSync(home, 65534, 65534);
    const user = spawnSync('setpriv', ['--reuid=65534', '--clear-groups', join(root, 'bin', 'gasthofd')], {
      encoding: 'utf8',
      env: { ...process.env, GASTHOF_DIR: join(home, 'inn') },
    });
    assert.equal(user.status, 77, user.stderr);
    assert.match(user.stderr, /as root: usermod --add-subuids \d+-\d+ --add-subgids \d+-\d+ \w+\n$/);
  } finally {
    rmSync(home, { recursive: true });
  }
});

async function start(args: string[] = []): Promise<{ child: ChildProcess; seen: Seen }> {
  const path = join(instance, 'seen.json');
  rmSync(path, { force: true });
  const child = spawn(join(checkout, 'bin', 'gasthofd'), args, {
    env: { ...process.env, GASTHOF_DIR: instance },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  started.add(child);
  await until(() => JSON.parse(readFileSync(path, 'utf8')) !== undefined || child.exitCode !== null);
  return { child, seen: JSON.parse(readFileSync(path, 'utf8')) as Seen };
}

function launchSync(env: Record<string, string> = {}) {
  return spawnSync(join(checkout, 'bin', 'gasthofd'), {
    encoding: 'utf8',
    env: { ...process.env, GASTHOF_DIR: instance, ...env },
  });
}

async function end(child: ChildProcess): Promise<void> {
  started.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function startTime(child: ChildProcess): string {
  return readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
}

/** Waits until `look` is true; a look that throws counts as not yet. */
async function until(look: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      if (look()) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error('waited 10 s in vain');
    await sleep(10);
  }
}
