/** Everything between a client and one guest: exec, console, logs, metadata, templates, snapshots, rebuild, rename, bulk. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { importImage, startDaemon, type TestDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients, runProgram } from './clients.ts';

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50)) if (await holds()) return;
  assert.fail(`not in time: ${what}`);
}

/** Runs a client at a terminal; `script` gives it one. Each text is typed when the one before it has been answered. */
async function atTerminal(command: string, env: Record<string, string>, typed: [after: RegExp, text: string][]) {
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...env, TERM: 'xterm' }, stdio: 'pipe' });
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let seen = '';
  let from = 0;
  child.stdout.on('data', (part: Buffer) => {
    seen += part;
    const [next] = typed;
    const found = next?.[0].exec(seen.slice(from));
    if (!next || !found) return;
    typed.shift();
    from = seen.length;
    child.stdin.write(next[1]);
    // Nothing shows that the first of the two keys has arrived, and both at once are not understood.
    if (next[1] === '\x01') setTimeout(() => child.stdin.write('q'), 300);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, seen };
}

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
    assert.deepEqual([ended.code, ended.stdout], [127, '']);
    assert.match(ended.stderr, /Error: Command not found\n$/);
  });
  await t.test('a command that cannot be executed', async () => {
    const ended = await incus.try(['exec', 'c1', '--', '/etc/passwd']);
    assert.equal(ended.code, 126);
    assert.match(ended.stderr, /Error: Command not executable\n$/);
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

test('incus: snapshots, restore, rebuild, rename and bulk changes', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus } = clients;
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['launch', 'bb', 'c1']);
  const snapshots = async () =>
    JSON.parse(await incus.run(['snapshot', 'list', 'c1', '-f', 'json'])) as { name: string; expires_at: string }[];
  const names = async () => (await snapshots()).map(({ name }) => name);

  await t.test('snapshot create with and without a name', async () => {
    await incus.run(['snapshot', 'create', 'c1', 's0']);
    await incus.run(['config', 'set', 'c1', 'snapshots.pattern=auto%d']);
    await incus.run(['snapshot', 'create', 'c1']);
    await incus.run(['snapshot', 'create', 'c1']);
    assert.deepEqual(await names(), ['s0', 'auto0', 'auto1']);
  });
  await t.test('snapshots.expiry counts, --no-expiry overrides it', async () => {
    await incus.run(['config', 'set', 'c1', 'snapshots.expiry=1d']);
    await incus.run(['snapshot', 'create', 'c1', 'soon']);
    await incus.run(['snapshot', 'create', 'c1', 'never', '--no-expiry']);
    const all = await snapshots();
    assert.ok(Date.parse(all.find(({ name }) => name === 'soon')?.expires_at ?? '') > Date.now());
    assert.equal(all.find(({ name }) => name === 'never')?.expires_at, '0001-01-01T00:00:00Z');
  });
  await t.test('snapshot create --reuse replaces', async () => {
    await incus.run(['snapshot', 'create', 'c1', 'soon', '--reuse', '--no-expiry']);
    assert.equal((await snapshots()).find(({ name }) => name === 'soon')?.expires_at, '0001-01-01T00:00:00Z');
  });
  await t.test('snapshot create --stateful is refused in the words of Incus', async () => {
    const ended = await incus.try(['snapshot', 'create', 'c1', 'sst', '--stateful']);
    assert.equal(
      ended.stderr,
      'Error: Stateful snapshots require that the instance has migration.stateful be set to true\n',
    );
  });
  await t.test('snapshot rename, show, delete', async () => {
    await incus.run(['snapshot', 'rename', 'c1', 'never', 'kept']);
    assert.match(await incus.run(['snapshot', 'show', 'c1', 'kept']), /^expires_at: 0001-01-01T00:00:00Z$/m);
    await incus.run(['snapshot', 'delete', 'c1', 'soon']);
    assert.deepEqual(await names(), ['s0', 'auto0', 'auto1', 'kept']);
  });
  await t.test('the expiry of a snapshot is changed, and it goes when it is over', async () => {
    const at = new Date(Date.now() + 1_000).toISOString();
    const body = JSON.stringify({ expires_at: at });
    await incus.run(['query', '--wait', '-X', 'PUT', '-d', body, '/1.0/instances/c1/snapshots/auto1']);
    await until(async () => !(await names()).includes('auto1'), 'the snapshot expires');
  });
  await t.test('snapshots by schedule', async () => {
    const before = (await names()).length;
    await incus.run(['config', 'set', 'c1', 'snapshots.pattern=sched%d', 'snapshots.schedule=* * * * *']);
    await until(async () => (await names()).length > before, 'a snapshot by the clock').catch(async () => {
      await until(async () => (await names()).length > before, 'a snapshot by the clock');
    });
    await incus.run(['config', 'unset', 'c1', 'snapshots.schedule']);
    assert.ok((await names()).includes('sched0'));
  });
  await t.test('a schedule that is none is refused', async () => {
    assert.match((await incus.try(['config', 'set', 'c1', 'snapshots.schedule=often'])).stderr, /snapshots\.schedule/);
  });
  await t.test('restore of a running guest', async () => {
    await incus.run(['exec', 'c1', '--', 'touch', '/root/later']);
    await incus.run(['snapshot', 'restore', 'c1', 's0']);
    assert.equal(await incus.run(['exec', 'c1', '--', 'ls', '/root']), '');
  });
  await t.test('rename of a running guest is refused, of a stopped one done', async () => {
    assert.notEqual((await incus.try(['rename', 'c1', 'c9'])).code, 0);
    await incus.run(['stop', '--force', 'c1']);
    await incus.run(['rename', 'c1', 'c9']);
    assert.equal((await incus.run(['list', '-c', 'n', '-f', 'csv'])).trim(), 'c9');
    await incus.run(['rename', 'c9', 'c1']);
  });
  await t.test('rebuild from an image and to nothing', async () => {
    await incus.run(['init', 'bb', 'c2']);
    await incus.run(['file', 'create', 'c2/root/own']);
    await incus.run(['rebuild', 'bb', 'c2']);
    assert.notEqual((await incus.try(['file', 'pull', 'c2/root/own', '-'])).code, 0);
    await incus.run(['rebuild', '--empty', 'c2']);
    assert.notEqual((await incus.try(['file', 'pull', 'c2/bin/sh', '-'])).code, 0);
    await incus.run(['delete', 'c2']);
  });
  await t.test('rebuild of a running guest is refused', async () => {
    await incus.run(['launch', 'bb', 'c3']);
    assert.match((await incus.try(['rebuild', 'bb', 'c3'])).stderr, /must be stopped|running/i);
  });
  await t.test('start, stop and restart of all at once', async () => {
    await incus.run(['start', '--all']);
    assert.equal((await incus.run(['list', '-c', 's', '-f', 'csv'])).trim(), 'RUNNING\nRUNNING');
    await incus.run(['restart', '--all', '--force']);
    await incus.run(['stop', '--all', '--force']);
    assert.equal((await incus.run(['list', '-c', 's', '-f', 'csv'])).trim(), 'STOPPED\nSTOPPED');
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
