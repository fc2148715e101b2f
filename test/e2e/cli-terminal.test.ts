/** `exec`, `shell` and `console` on a terminal: size, keys, signals, and a terminal that is as before in the end. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { gast as gastProgram, importImage, lacking, launch, startDaemon } from '../daemon.ts';
import { openTerminal, runGast } from './gast.ts';

const escapeByte = String.fromCharCode(27);

test('sessions on a terminal', { skip: lacking(), timeout: 180_000 }, async (t) => {
  await using daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'bb');
  await launch(daemon, 'web', 'bb');

  await t.test('exec has the size of the terminal, follows its changes, and gives the exit code', async () => {
    using terminal = openTerminal(daemon.env, '"$GAST" exec web -- sh; echo "code=$?"; stty -a');
    await terminal.shows(/# /);
    terminal.type('stty size; tty\r');
    await terminal.shows(/31 91[\s\S]*\/dev\/pts\/\d/);
    terminal.pty.resize(120, 40);
    terminal.type('sleep 0.1; stty size\r');
    await terminal.shows(/40 120/);
    // It speaks when Ctrl-C reaches it: between the fork and the exec of a job busybox' shell loses the key.
    terminal.type(`sh -c 'echo sle""eping; exec sleep 100'\r`);
    await terminal.shows(/sleeping/);
    terminal.type('\x03');
    terminal.type('exit 9\r');
    await terminal.shows(/code=9[\s\S]* icanon[\s\S]* echo /);
    assert.equal(await terminal.ended, 0);
  });

  await t.test('a killed gast leaves a usable terminal', async () => {
    using terminal = openTerminal(
      daemon.env,
      '"$GAST" exec web -- sh -c "echo up; sleep 100" & pid=$!; fg >/dev/null 2>&1; wait $pid; stty -a',
    );
    // Job control is off in this shell: the program runs on the terminal all the same.
    await terminal.shows(/up/);
    const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
      const child = spawn('ps', ['-o', 'pid=,args=', '--ppid', String(terminal.pty.pid)], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let text = '';
      child.stdout.on('data', (part: Buffer) => {
        text += part;
      });
      child.on('close', () => resolve({ stdout: text }));
    });
    const pid = Number(/^\s*(\d+) .*exec web/m.exec(stdout)?.[1]);
    process.kill(pid, 'SIGTERM');
    await terminal.shows(/ icanon[\s\S]* echo /);
  });

  await t.test('without a terminal, signals reach the command', async () => {
    const child = spawn(
      gastProgram,
      ['exec', 'web', '--', 'sh', '-c', 'trap "echo got; exit 5" TERM; echo up; while :; do sleep 0.1; done'],
      {
        env: daemon.env,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let shown = '';
    child.stdout.on('data', (part: Buffer) => {
      shown += part;
      if (shown === 'up\n') child.kill('SIGTERM');
    });
    assert.equal(await new Promise((resolve) => child.on('close', resolve)), 5);
    assert.equal(shown, 'up\ngot\n');
  });

  await t.test('the console is left by Ctrl-a q, and its log can be read (A18)', async () => {
    using terminal = openTerminal(daemon.env, '"$GAST" console web; echo "code=$?"');
    await terminal.shows(/Ctrl-a q/);
    terminal.type('\x01');
    terminal.type('q');
    await terminal.shows(/code=0/);
    assert.equal((await runGast(daemon.env, ['console', 'web', '--log'])).code, 0);
  });

  await t.test('a list on a terminal has colours, and none with NO_COLOR', async () => {
    using coloured = openTerminal(daemon.env, '"$GAST" list -c ns');
    await coloured.ended;
    assert.match(coloured.shown(), new RegExp(`${escapeByte}\\[32mRUNNING`));
    using plain = openTerminal({ ...daemon.env, NO_COLOR: '1' }, '"$GAST" list -c ns');
    await plain.ended;
    assert.ok(!plain.shown().includes(escapeByte), JSON.stringify(plain.shown()));
  });
});
