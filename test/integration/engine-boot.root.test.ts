/** Real inits boot, halt and reboot in the container engine, under its filter and with its cgroup delegation (A20). */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Engine } from '../../src/core/ports/engine.ts';
import { command, nextEnd, outcome, running } from '../contract/engine.suite.ts';
import { debianRoot, debianTarball, eventually, lacking, openCrunLab, traces } from './engine-lab.ts';

const id = '0123456789ab';
const skip = lacking();
const noDebian = skip || (existsSync(debianTarball) ? false : `needs ${debianTarball}`);

async function says(engine: Engine, ...words: string[]): Promise<string> {
  return (await outcome(await engine.exec(id, command(...words))))[0].trim();
}

const booted = (engine: Engine) => async () => (await engine.consoleLog(id)).includes('booted');

test('systemd reaches "running" with no failed unit; halt and reboot from outside and inside are told apart', {
  skip: noDebian,
}, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  const rootfs = await debianRoot(join(lab.directory, 'debian'));
  const ends: [kind: string, end: () => Promise<unknown>][] = [
    ['halted', () => engine.requestHalt(id)],
    ['rebooting', () => engine.requestReboot(id)],
    ['halted', () => says(engine, 'systemctl', 'poweroff')],
    ['rebooting', () => says(engine, 'systemctl', 'reboot')],
  ];
  for (const [kind, end] of ends) {
    await running(engine, lab.spec(id, { rootfs }));
    await eventually(
      'units',
      async () => (await says(engine, 'systemctl', 'is-system-running', '--wait')) === 'running',
    );
    assert.equal(await says(engine, 'systemctl', '--failed', '--no-legend'), '');
    const ended = nextEnd(engine, id);
    await end();
    assert.deepEqual(await ended, { type: 'ended', id, cause: { kind } });
    await engine.remove(id);
  }
  assert.deepEqual(traces(lab.directory), []);
});

test('busybox init boots, halts and reboots', { skip }, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  for (const [ask, kind] of [
    ['requestHalt', 'halted'],
    ['requestReboot', 'rebooting'],
  ] as const) {
    await running(engine, lab.spec(id));
    await eventually('the init script', booted(engine));
    const ended = nextEnd(engine, id);
    await engine[ask](id);
    assert.deepEqual(await ended, { type: 'ended', id, cause: { kind } });
    await engine.remove(id);
  }
  assert.deepEqual(traces(lab.directory), []);
});

test('an init that ends by itself has crashed, with its exit code', { skip }, async () => {
  await using lab = await openCrunLab();
  const ended = nextEnd(lab.engine, id);
  await running(lab.engine, lab.spec(id, { init: ['/bin/sh', '-c', 'exit 3'] }));
  assert.deepEqual(await ended, { type: 'ended', id, cause: { kind: 'crashed', exitCode: 3 } });
});

test('a guest without an init is refused with a reason that names it', { skip }, async () => {
  await using lab = await openCrunLab();
  await assert.rejects(lab.engine.create(lab.spec(id, { init: ['/sbin/none'] })), /\/sbin\/none/);
  assert.deepEqual(await lab.engine.observe(), []);
  assert.deepEqual(traces(lab.directory), []);
});

test('the console: several viewers see output, input is taken, the size changes, the end ends them', {
  skip,
}, async () => {
  await using lab = await openCrunLab();
  const { engine } = lab;
  await running(engine, lab.spec(id));
  await eventually('the init script', booted(engine));
  const [first, second] = [await engine.console(id), await engine.console(id)];
  const seen = [first, second].map(({ output }) => {
    const chunks: Buffer[] = [];
    output.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  });
  first.resize(132, 41);
  first.input.write('stty size; echo first\n');
  await eventually('the answer', () => seen.every((text) => /41 132/.test(text()) && /\r?\nfirst/.test(text())));
  second.input.write('echo second$((1+1))\n');
  await eventually('the second', () => seen.every((text) => text().includes('second2')));
  // More than the log keeps: conmon begins a new file under the followers.
  first.input.write('seq 1 400000; echo done$((1+1))\n');
  await eventually('the end of much output', () => seen.every((text) => text().includes('done2')));
  const ends = [first, second].map(({ output }) => new Promise((resolve) => output.once('end', resolve)));
  await engine.kill(id);
  await Promise.all(ends);
  for (const viewer of [first, second]) viewer.close();
  assert.ok((await engine.consoleLog(id)).length > 0);
  await engine.clearConsoleLog(id);
  assert.equal((await engine.consoleLog(id)).length, 0);
});
