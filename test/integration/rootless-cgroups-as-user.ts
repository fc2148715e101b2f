/**
 * What an ordinary user sees of control groups, told as JSON: run by rootless-cgroups.root.test.ts through tools/as-user. The word
 * `systemd` stands for: Debian can boot.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { importImage, startDaemon } from '../daemon.ts';
import { runGast } from '../e2e/gast.ts';

const [debian] = process.argv.slice(2);
/** On v2: a group of the user's beside the one in which we were started. */
const elsewhere = `/sys/fs/cgroup/${ownGroup(process.pid).replace(/[^/]+$/, 'other')}/cgroup.procs`;
const limits = ['-c', 'limits.memory=96MiB', '-c', 'limits.cpu=1', '-c', 'limits.processes=60'];

function ownGroup(pid: number): string {
  return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
}

await using daemon = await startDaemon();
const { client, env } = daemon;

async function gast(line: string, ...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await runGast(env, [...line.split(' '), ...more]);
  return code === 0 ? stdout.trim() : `${code}: ${stderr.trim()}`;
}

const inside = (name: string, script: string) => gast(`exec ${name} -- sh -c`, script);
const state = async (name: string) => client.call('GET /1.0/instances/{name}/state', { params: { name } });
const status = async (name: string) => (await state(name)).status;

async function frozenAndBack(name: string): Promise<string[]> {
  await gast(`pause ${name}`);
  const frozen = await status(name);
  await gast(`resume ${name}`);
  return [frozen, await status(name)];
}

/** Groups of guests of this daemon: hierarchy and name, without those that a guest made itself. */
function groups(): string[] {
  const all = execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/${daemon.names.cgroupParent}/*`]);
  const paths = all.toString().trim().split('\n').filter(Boolean);
  return paths.filter((path) => /^[0-9a-f]{12}$/.test(path.split('/').at(-1) ?? ''));
}

async function untilRunning(name: string): Promise<string> {
  let said = '';
  for (const deadline = Date.now() + 60_000; said !== 'running' && Date.now() < deadline; await setTimeout(50))
    said = (await inside(name, 'systemctl is-system-running 2>&1')).split('\n').at(-1) ?? '';
  return said;
}

await importImage(daemon, 'busybox', 'tiny');
await importImage(daemon, 'debian12', 'debian');
const doctor = (await gast('doctor')).split('\n').filter((line) => line.includes('cgroup'));
const place = ownGroup(daemon.pid);

const launched = await gast('launch tiny limited', ...limits);
const limited = {
  launched,
  seen: await inside('limited', 'grep MemTotal /proc/meminfo; grep -c ^processor /proc/cpuinfo'),
  forks: await inside('limited', 'for i in $(seq 80); do sleep 1 & done'),
  device: await gast('config device add limited null2 unix-char source=/dev/null path=/dev/null2'),
  changed: await gast('config set limited limits.memory=128MiB'),
};
const plain = { launched: await gast('launch tiny plain'), states: await frozenAndBack('plain') };
const systemd = {
  launched: await gast('launch debian deb'),
  state: debian === 'systemd' ? await untilRunning('deb') : await status('deb'),
  failed: debian === 'systemd' ? await inside('deb', 'systemctl --failed --no-legend') : '',
  console: await gast('console deb --show-log'),
  usage: debian === 'systemd' ? (await state('deb')).processes : 0,
};
const made = groups().length;

await daemon.end('SIGKILL');
if (existsSync(elsewhere)) writeFileSync(elsewhere, String(process.pid));
await daemon.start();
const again = {
  states: await frozenAndBack('plain'),
  exec: await inside('plain', 'echo works'),
  groups: groups().length,
  samePlace: ownGroup(daemon.pid) === place,
  memory: (await state('limited')).memory?.total,
};
const names = ['limited', 'plain', 'deb'];
for (const name of names) await gast(`delete --force ${name}`);
const left = groups();
process.stdout.write(JSON.stringify({ doctor, place, limited, plain, systemd, made, again, left }));
