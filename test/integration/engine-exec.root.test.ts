/** Commands in a guest: terminals, reopened pipes, users, left-behind processes, hostile working directories. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecSession } from '../../src/core/ports/engine.ts';
import { HostError } from '../../src/lib/host-error.ts';
import { command, outcome, running } from '../contract/engine.suite.ts';
import { eventually, lacking, openCrunLab } from './engine-lab.ts';

const id = '0123456789ab';
const skip = lacking();

async function lab() {
  const opened = await openCrunLab();
  await running(opened.engine, opened.spec(id));
  return opened;
}

function collect(session: ExecSession): () => string {
  let text = '';
  session.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  return () => text;
}

test('exec with a terminal: size, resize, job control, exit code', { skip }, async () => {
  await using opened = await lab();
  const shell = await opened.engine.exec(id, { ...command('sh'), terminal: { width: 93, height: 29 } });
  const text = collect(shell);
  shell.stdin.write('stty size; tty\n');
  await eventually('the first size', () => /29 93\r\n\/dev\/pts\/\d/.test(text()));
  shell.resize(120, 50);
  shell.stdin.write('sleep 0.1; stty size\n');
  await eventually('the new size', () => text().includes('50 120'));
  assert.doesNotMatch(text(), /job control turned off/);
  // Ctrl-C reaches the command that runs in front.
  shell.stdin.write('sleep 1000\n');
  const sleeps = async () => (await opened.engine.processes(id)).some(({ command }) => command === 'sleep 1000');
  await eventually('the sleep', sleeps);
  shell.stdin.write('\x03');
  shell.stdin.write('exit 5\n');
  assert.equal(await shell.exitCode, 5);
});

test('a terminal whose reader sleeps does not stop the daemon', { skip }, async () => {
  await using opened = await lab();
  const stuck = await opened.engine.exec(id, { ...command('sleep', '1000'), terminal: { width: 80, height: 24 } });
  stuck.stdout.resume();
  stuck.stdin.write('x'.repeat(1_000_000));
  assert.deepEqual(await outcome(await opened.engine.exec(id, command('echo', 'on'))), ['on\n', 0]);
  stuck.kill();
  assert.equal(await stuck.exitCode, 137);
});

test('exec: /dev/stdout and /dev/stderr can be opened again, also by another user', { skip }, async () => {
  await using opened = await lab();
  for (const user of [0, 1000]) {
    const session = await opened.engine.exec(id, {
      ...command('sh', '-c', 'echo out >/proc/self/fd/1; id -u'),
      user,
      group: user,
    });
    assert.deepEqual(await outcome(session), [`out\n${user}\n`, 0]);
  }
});

test('exec: the environment and the descriptors are exactly those asked for', { skip }, async () => {
  await using opened = await lab();
  const spec = { ...command('env'), environment: { PATH: '/bin', A: 'b c' } };
  const [text] = await outcome(await opened.engine.exec(id, spec));
  assert.deepEqual(
    text
      .trim()
      .split('\n')
      .filter((line) => !/^(HOME|PWD|SHLVL)=/.test(line))
      .sort(),
    ['A=b c', 'PATH=/bin'],
  );
  const [descriptors] = await outcome(await opened.engine.exec(id, command('ls', '/proc/self/fd')));
  // 3 is the directory that ls itself reads.
  assert.deepEqual(descriptors.trim().split('\n'), ['0', '1', '2', '3']);
});

test('exec: not executable is 126, working directories below /proc are refused', { skip }, async () => {
  await using opened = await lab();
  assert.equal((await outcome(await opened.engine.exec(id, command('/etc/passwd'))))[1], 126);
  assert.equal((await outcome(await opened.engine.exec(id, command('/nowhere'))))[1], 127);
  for (const cwd of ['/proc', '/proc/self/fd/7', '/tmp/../proc/thread-self/cwd', 'tmp'])
    await assert.rejects(opened.engine.exec(id, { ...command('true'), cwd }), HostError);
});

test('exec ends although a process that it left behind holds the output', { skip }, async () => {
  await using opened = await lab();
  const session = await opened.engine.exec(id, command('sh', '-c', 'sleep 1000 & echo started'));
  assert.deepEqual(await outcome(session), ['started\n', 0]);
});

test('exec keeps back-pressure and loses nothing of a large output', { skip }, async () => {
  await using opened = await lab();
  const session = await opened.engine.exec(id, command('sh', '-c', 'head -c 20000000 /dev/zero; exit 9'));
  let size = 0;
  for await (const chunk of session.stdout) {
    size += (chunk as Buffer).length;
    if (size % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([size, await session.exitCode], [20_000_000, 9]);
});

test('exec: twenty at once all come back', { skip }, async () => {
  await using opened = await lab();
  const sessions = Array.from({ length: 20 }, (_, n) =>
    opened.engine.exec(id, command('echo', String(n))).then(outcome),
  );
  const results = await Promise.all(sessions);
  assert.deepEqual(
    results,
    Array.from({ length: 20 }, (_, n) => [`${n}\n`, 0]),
  );
});

test('exec into a frozen guest is refused instead of hanging', { skip }, async () => {
  await using opened = await lab();
  await opened.engine.freeze(id);
  await assert.rejects(opened.engine.exec(id, command('true')), /frozen/);
});
