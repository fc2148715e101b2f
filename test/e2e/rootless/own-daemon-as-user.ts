/** Run by rootless-own-daemon.test.ts as an ordinary user with nothing set but a home. Says what it saw as JSON. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createClient } from '../../../src/client/client.ts';
import { clearDaemon } from '../../clear-daemon.ts';
import { gasthofd, importImage, gast as program } from '../../daemon.ts';
import { tested } from '../../tested.ts';
import { type Ended, runGast, sureGast } from '../gast.ts';
import { pageExamples } from '../page-examples.ts';

const home = process.env.HOME ?? '';
const directory = join(home, '.local/share/gasthof');
// As a login has it on Debian: without sbin.
const env = { HOME: home, USER: process.env.USER ?? '', PATH: '/usr/local/bin:/usr/bin:/bin', ...tested };
const run = (...words: string[]): Promise<Ended> => runGast(env, words);
const gast = sureGast(env);
const seen: Record<string, unknown> = {};
/** From the bundle, or from the sources. */
const daemonProgram = /dist\/gasthofd\.cjs|src\/daemon\/main\.ts/;

/** Empty for processes of others and those that have ended. */
const commandLine = (pid: string) => {
  try {
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(uid) === process.getuid?.() ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
  } catch {
    return '';
  }
};
const pidsOf = (pattern: RegExp) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && pattern.test(commandLine(name)))
    .map(Number);
/** A child that is just becoming another program still looks like its parent. */
const daemons = () => {
  const all = pidsOf(daemonProgram);
  return all.filter((pid) => !all.includes(Number(statField(pid, 1))));
};
const killAll = async (pattern: RegExp) => {
  for (const pid of pidsOf(pattern))
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended with another one.
    }
  while (pidsOf(pattern).length > 0) await setTimeout(10);
};
const states = async () =>
  JSON.parse(await gast('list', '--format', 'json')) as {
    name: string;
    status: string;
    state: { started_at: string; pid: number };
  }[];

try {
  // Calls that only ask, or may not, start nothing.
  const asking = [await run('version'), await run('admin', 'waitready', '--timeout', '0'), await run('remote', 'list')];
  const forbidden = await runGast({ ...env, GASTHOF_NO_START: '1' }, ['list']);
  seen.asking = { codes: [...asking, forbidden].map(({ code }) => code), made: existsSync(directory) };

  const direct = Array.from({ length: 5 }, () => spawn(gasthofd, { env, stdio: ['ignore', 'ignore', 'pipe'] }));
  const refusals = await Promise.all(direct.map((child) => endOf(child)));
  const living = direct.filter(({ exitCode }) => exitCode === null);
  seen.direct = {
    refusals: refusals.filter((refusal) => refusal !== undefined),
    holders: pidsOf(/^sleep\0infinity\0/).length,
    ways: pidsOf(/^pasta\0/).length,
    named: readFileSync(join(directory, 'run/gasthofd.pid'), 'utf8').split(' ')[0] === String(living[0]?.pid),
  };
  await killAll(daemonProgram);

  const many = await Promise.all(Array.from({ length: 10 }, () => run('list')));
  seen.many = {
    codes: many.map(({ code }) => code),
    daemons: daemons().length,
    holders: pidsOf(/^sleep\0infinity\0/).length,
    session: daemons().every((pid) => statField(pid, 3) !== statField(process.pid, 3)),
    said: many[0]?.stderr.trim(),
    log: (statSync(join(directory, 'logs/gasthofd.log')).mode & 0o777).toString(8),
  };

  using client = createClient({ socketPath: join(directory, 'unix.socket') });
  await importImage({ client }, 'busybox', 'bb');
  for (const [name, priority] of Object.entries({ low: '1', high: '30', middle: '20' }))
    await gast('launch', 'bb', name, '-c', 'boot.autostart=true', '-c', `boot.autostart.priority=${priority}`);
  await gast('launch', 'bb', 'unasked', '-c', 'boot.autostart=false');
  await importImage({ client }, 'busybox', 'debian/12', 'of the page');
  const atShell = { ...env, PATH: `${dirname(program)}:${env.PATH}` };
  seen.page = pageExamples('docs/guide/rootless.md').map((line) => {
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', line], { env: atShell, encoding: 'utf8' });
    return { line, status, output: stdout + stderr };
  });
  await gast('delete', '--force', 'web');
  const before = (await states()).map(({ name, state }) => [name, state.pid]);
  await killAll(daemonProgram);
  const after = await states();
  seen.killed = { before, after: after.map(({ name, state }) => [name, state.pid]), daemons: daemons().length };

  // A boot: nothing of before lives, and the kernel calls itself another.
  await killAll(daemonProgram);
  for (const { state } of after) process.kill(state.pid, 'SIGKILL');
  await killAll(/^(sleep\0infinity\0|pasta|conmon|lxcfs|dnsmasq|\S*perl)/);
  writeFileSync(join(directory, 'run/boot-id'), 'another');
  seen.started = await run('admin', 'start');
  await gast('wait', 'low', '--until', 'running', '--timeout', '60');
  const now = await states();
  seen.booted = {
    running: now
      .filter(({ status }) => status === 'Running')
      .map(({ name }) => name)
      .sort(),
    order: now
      .filter(({ status }) => status === 'Running')
      .sort((a, b) => a.state.started_at.localeCompare(b.state.started_at))
      .map(({ name }) => name),
  };

  // One that cannot start says why.
  await gast('stop', '--all', '--force');
  await gast('admin', 'shutdown');
  seen.shutdown = { daemons: daemons().length };
  writeFileSync(join(directory, 'gasthof.db'), 'rubbish');
  seen.broken = await run('list');
  seen.doctor = await run('doctor', '--format', 'json');
} finally {
  for (const pid of daemons()) process.kill(pid, 'SIGTERM');
  while (daemons().length > 0) await setTimeout(10);
  await clearDaemon(directory);
}
process.stdout.write(JSON.stringify(seen));

/** 1: the parent; 3: the session. Undefined for one that has ended. */
function statField(pid: number, index: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[index];
  } catch {
    return undefined;
  }
}

/** What it said when it ended; undefined for one that answers instead. */
async function endOf(child: ChildProcess): Promise<string | undefined> {
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  let ended = false;
  child.once('close', () => {
    ended = true;
  });
  using client = createClient({ socketPath: join(directory, 'unix.socket') });
  const others = () => daemons().every((pid) => pid !== child.pid);
  for (;;) {
    if (ended) return `${child.exitCode} ${said.trim()}`;
    if (
      !others() &&
      (await client.call('GET /internal/ready').then(
        () => true,
        () => false,
      ))
    )
      return undefined;
    await setTimeout(20);
  }
}
