/** Ansible's lxd_container, lxd_profile and lxd_project, and its lxd connection, work on Gasthof. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, startDaemon } from '../../daemon.ts';
import { foreignClients, lackingClients, runProgram } from './clients.ts';

const ansible = '/usr/bin/ansible-playbook';
const skip = lackingClients('lxc') || (!existsSync(ansible) && 'needs ansible-playbook (Debian: ansible)');

test('a play creates, configures, enters and deletes a guest', { skip }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  await importImage(daemon, 'busybox', 'bb');
  const script = join(clients.directory, 'script.sh');
  writeFileSync(script, '#!/bin/sh\necho script in $(hostname)\n', { mode: 0o755 });
  const socket = join(daemon.directory, 'unix.socket');
  const env = {
    PATH: `/usr/bin:${process.env.PATH ?? ''}`,
    HOME: clients.directory,
    LANG: 'C.UTF-8',
    LXD_SOCKET: socket,
    LXD_CONF: join(clients.directory, 'lxc'),
    PLAY_SCRIPT: script,
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_LOCALHOST_WARNING: 'False',
    ANSIBLE_LOCAL_TEMP: join(clients.directory, 'tmp'),
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
  };
  const play = join(import.meta.dirname, 'ansible_play.yaml');
  const { code, stdout, stderr } = await runProgram(ansible, ['-i', 'localhost,', '-c', 'local', play], { env });
  const tasks = [...stdout.matchAll(/^TASK \[(.*?)\] \*+\n(ok|changed|fatal|failed|skipping)/gm)];
  assert.ok(tasks.length >= 10, `${stdout}\n${stderr}`);
  for (const [, name, outcome] of tasks)
    await t.test(name ?? '', () => assert.match(outcome ?? '', /^(ok|changed)$/, stdout.slice(-3000)));
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.deepEqual(await daemon.client.call('GET /1.0/instances'), []);
});
