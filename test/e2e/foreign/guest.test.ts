/** Between a client and one guest: exec, console, logs, metadata and templates; all of it once more with lxc. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, startDaemon, type TestDaemon } from '../../daemon.ts';
import { atTerminal, until } from './at-terminal.ts';
import { foreignClients, lackingClients, runProgram } from './clients.ts';

test('incus: exec, console and logs of a guest', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, env } = clients;
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['launch', 'bb', 'c1']);
  await incus.run(['init', 'bb', 'c2']);

  await t.test('standard input is passed on and ended', async () => {
    assert.equal(await incus.run(['exec', 'c1', '--', 'cat'], { stdin: 'round trip' }), 'round trip');
  });
  await t.test('-n gives no input', async () => {
    assert.equal(await incus.run(['exec', '-n', 'c1', '--', 'cat'], { stdin: 'unseen' }), '');
  });
  await t.test('environment, directory, user and group', async () => {
    const words = ['exec', 'c1', '--env', 'FOO=bar', '--cwd', '/tmp', '--user', '1000', '--group', '1000', '--'];
    assert.equal(await incus.run([...words, 'sh', '-c', 'echo $FOO $(pwd) $(id -u):$(id -g)']), 'bar /tmp 1000:1000\n');
  });
  await t.test('a command that is not there', async () => {
    const ended = await incus.try(['exec', 'c1', '--', '/nonexistent']);
    assert.deepEqual(ended, { code: 127, stdout: '', stderr: 'Error: Command not found\n' });
  });
  await t.test('a command that cannot be executed', async () => {
    const ended = await incus.try(['exec', 'c1', '--', '/etc/passwd']);
    assert.deepEqual(ended, { code: 126, stdout: '', stderr: 'Error: Command not executable\n' });
  });
  await t.test('the first words of a command are its own, also when it ends or goes on after them', async () => {
    const said = 'executable file `x` not found in $PATH: No such file or directory\n';
    for (const rest of ['', '; exit 1', '; read wait; exit 2'])
      assert.equal(
        (await incus.try(['exec', 'c1', '--', 'sh', '-c', `printf '${said.trim()}\\n' >&2${rest}`])).stderr,
        said,
      );
    const missing = await incus.try(['exec', '--force-interactive', 'c1', '--', '/nonexistent']);
    assert.deepEqual([missing.code, missing.stdout], [127, '']);
  });
  await t.test('exec in a stopped guest', async () => {
    const ended = await incus.try(['exec', 'c2', '--', 'true']);
    assert.deepEqual([ended.code, ended.stderr], [1, 'Error: Instance is not running\n']);
  });
  await t.test('a terminal, its exit code and its size', async () => {
    const { code, seen } = await atTerminal('stty rows 40 cols 132; incus exec c1 -- sh', env, [
      [/# /, 'stty size\n'],
      [/40 132/, 'exit 3\n'],
    ]);
    assert.match(seen, /40 132/);
    assert.equal(code, 3);
  });
  await t.test('Ctrl-C at a terminal reaches the command', async () => {
    const { code } = await atTerminal('incus exec c1 -- sh -c "echo ready; exec sleep 200"', env, [[/ready/, '\x03']]);
    assert.equal(code, 130);
  });
  await t.test('a signal to a client without terminal reaches the command', async () => {
    const child = spawn(
      'incus',
      ['exec', 'c1', '--', 'sh', '-c', 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done'],
      {
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    assert.equal(await new Promise((resolve) => child.once('close', resolve)), 9);
  });
  await t.test('a client that is killed takes its command with it', async () => {
    const child = spawn('incus', ['exec', 'c1', '--', 'sh', '-c', 'echo ready; exec sleep 4321'], {
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await until(async () => !(await incus.run(['exec', 'c1', '--', 'ps'])).includes('sleep 4321'), 'the command ends');
  });
  await t.test('recorded output: run, read, deleted', async () => {
    const body = { command: ['sh', '-c', 'echo out; echo err >&2; exit 7'], 'record-output': true };
    const asked = ['query', '--wait', '-X', 'POST', '-d', JSON.stringify(body), '/1.0/instances/c1/exec'];
    const { metadata } = JSON.parse(await incus.run(asked));
    assert.equal(metadata.return, 7);
    assert.equal(await incus.run(['query', '--raw', metadata.output['1']]), 'out\n');
    assert.equal(await incus.run(['query', '--raw', metadata.output['2']]), 'err\n');
    await incus.run(['query', '-X', 'DELETE', metadata.output['1']]);
    assert.deepEqual(JSON.parse(await incus.run(['query', '/1.0/instances/c1/logs/exec-output'])), [
      metadata.output['2'],
    ]);
  });
  await t.test('console: typing and leaving', async () => {
    const { code, seen } = await atTerminal('incus console c1', env, [
      [/press/, '\necho con$((1+1))\n'],
      [/con2/, '\x01'],
    ]);
    assert.match(seen, /con2/);
    assert.equal(code, 0);
  });
  await t.test('console --show-log tells what the guest wrote', async () => {
    assert.match(await incus.run(['console', 'c1', '--show-log']), /con2/);
  });
  await t.test('info --show-log reads lxc.log', async () => {
    assert.match(await incus.run(['info', 'c1', '--show-log']), /Log:/);
  });
});

test('incus: metadata and templates of a guest', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, directory } = clients;
  const local = (name: string) => join(directory, name);
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['init', 'bb', 'c1']);

  await t.test('config metadata show', async () => {
    assert.match(await incus.run(['config', 'metadata', 'show', 'c1']), /creation_date: 1700000000/);
  });
  await t.test('config template create, edit, show, list', async () => {
    await incus.run(['config', 'template', 'create', 'c1', 'new.tpl']);
    writeFileSync(local('t'), '{{ container.name }} {{ config_get("user.x", "none") }}\n');
    await incus.run(['config', 'template', 'edit', 'c1', 'new.tpl'], { stdinFile: local('t') });
    assert.equal(
      await incus.run(['config', 'template', 'show', 'c1', 'new.tpl']),
      '{{ container.name }} {{ config_get("user.x", "none") }}\n',
    );
    assert.match(await incus.run(['config', 'template', 'list', 'c1']), /new\.tpl/);
  });
  await t.test('config metadata edit puts the template to use', async () => {
    const shown = await incus.run(['config', 'metadata', 'show', 'c1']);
    const template = 'templates:\n  /root/made:\n    when: [start]\n    template: new.tpl\n    mode: "0600"\n';
    writeFileSync(local('m'), shown.replace(/^templates:[\s\S]*/m, '') + template);
    await incus.run(['config', 'metadata', 'edit', 'c1'], { stdinFile: local('m') });
    await incus.run(['config', 'set', 'c1', 'user.x=some']);
    await incus.run(['start', 'c1']);
    assert.equal(
      await incus.run(['exec', 'c1', '--', 'sh', '-c', 'cat /root/made; stat -c %a /root/made']),
      'c1 some\n600\n',
    );
  });
  await t.test('copies have metadata of their own', async () => {
    await incus.run(['copy', 'c1', 'c2']);
    await incus.run(['config', 'template', 'delete', 'c1', 'new.tpl']);
    assert.doesNotMatch(await incus.run(['config', 'template', 'list', 'c1']), /new\.tpl/);
    assert.match(await incus.run(['config', 'template', 'list', 'c2']), /new\.tpl/);
  });
  await t.test('publish takes metadata and templates along', async () => {
    await incus.run(['publish', 'c2', '--alias', 'mine']);
    await incus.run(['launch', 'mine', 'c3']);
    assert.equal(await incus.run(['exec', 'c3', '--', 'cat', '/root/made']), 'c3 none\n');
  });
});

test('lxc 5.0: exec, snapshots, restore, rename, console log', { skip: lackingClients('incus', 'lxc') }, async (t) => {
  await using daemon: TestDaemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { lxc, incus, env } = clients;
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['launch', 'bb', 'lx-1']);

  await t.test('lxc exec', async () => {
    const ended = await lxc.try(['exec', 'lx-1', '--', 'sh', '-c', 'echo hi; exit 4']);
    assert.deepEqual([ended.code, ended.stdout], [4, 'hi\n']);
  });
  await t.test('lxc exec at a terminal', async () => {
    assert.equal((await atTerminal('lxc exec lx-1 -- sh', env, [[/# /, 'exit 5\n']])).code, 5);
  });
  await t.test('lxc snapshot, info, restore, delete of a snapshot', async () => {
    await lxc.run(['snapshot', 'lx-1', 's0']);
    assert.match(await lxc.run(['info', 'lx-1']), /s0/);
    await lxc.run(['exec', 'lx-1', '--', 'touch', '/root/later']);
    await lxc.run(['restore', 'lx-1', 's0']);
    assert.equal(await lxc.run(['exec', 'lx-1', '--', 'ls', '/root']), '');
    await lxc.run(['delete', 'lx-1/s0']);
  });
  await t.test('lxc console --show-log', async () => {
    await runProgram('sh', ['-c', 'lxc exec lx-1 -- sh -c "echo BOOTED >/dev/console"'], { env });
    assert.match(await lxc.run(['console', 'lx-1', '--show-log']), /Console log:/);
  });
  await t.test('lxc config metadata and template', async () => {
    assert.match(await lxc.run(['config', 'metadata', 'show', 'lx-1']), /architecture/);
    await lxc.run(['config', 'template', 'create', 'lx-1', 'a.tpl']);
    assert.match(await lxc.run(['config', 'template', 'list', 'lx-1']), /a\.tpl/);
  });
  await t.test('lxc stop, rename, rebuild', async () => {
    await lxc.run(['stop', '-f', 'lx-1']);
    await lxc.run(['rename', 'lx-1', 'lx-2']);
    assert.match(await lxc.run(['list', '-c', 'n', '-f', 'csv']), /lx-2/);
  });
});
