/** `incus console --type=vga` and that of lxc, unmodified: the socket for a SPICE viewer, and each connection to it (M02). */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startDaemon } from '../../daemon.ts';
import { eventually } from '../../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../../integration/qemu-lab.ts';
import { sureGast } from '../gast.ts';
import { foreignClients, lackingClients } from './clients.ts';

/** What a SPICE viewer says first. */
const greeting = Buffer.from(`5245445102000000020000001200000000000000010000000000000000000000${'12000000'}`, 'hex');

/**
 * The clients tell themselves that a viewer has come before they have counted it (lxc/console.go: `close(chConnected)` comes
 * before `wgConnections.Add`): now and then they take it for gone, end in order, and have to be started again.
 */
async function untilViewed(name: string, env: NodeJS.ProcessEnv) {
  for (let tries = 1; ; tries++) {
    const client = showScreen(name, env);
    try {
      await client.view();
      return client;
    } catch (error) {
      const code = await Promise.race([
        client.gone.then(([ended]) => ended),
        setTimeout(5000, undefined, { ref: false }),
      ]);
      if (code !== 0 || tries === 5) throw error;
      process.stdout.write(`# ${name} took its first viewer for gone\n`);
    }
  }
}

/** Without a viewer of its own the client prints the socket. */
function showScreen(name: string, env: NodeJS.ProcessEnv) {
  const child = spawn(name, ['console', 'vm', '--type=vga'], { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => {
      said += part;
    });
  const socket = () => /spice\+unix:\/\/(\S+)\n/.exec(said)?.[1] ?? '';
  const viewer = async () => {
    const connection = connect(socket());
    connection.write(greeting);
    const [answer] = await once(connection, 'data', { signal: AbortSignal.timeout(20_000) });
    assert.equal(String(answer).slice(0, 4), 'REDQ');
    // Cut off at the end.
    connection.on('error', () => {});
  };
  return {
    gone: once(child, 'exit') as Promise<[number | null]>,
    said: () => said,
    async view() {
      await eventually('the socket is told', () => socket() !== '' || child.exitCode !== null, 60_000);
      assert.notEqual(socket(), '', said);
      await Promise.all([viewer(), viewer()]);
    },
  };
}

test('the screen of a virtual machine with incus and lxc', {
  skip: lackingClients('incus', 'lxc') || lackingMachines(),
  timeout: 240_000,
}, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const gast = sureGast(daemon.env);
  await gast('init', '--vm', '--empty', 'vm', '-d', 'root,size=64MiB', '-c', 'limits.memory=64MiB');

  for (const name of ['incus', 'lxc'] as const)
    await t.test(`${name}: viewers connect, and it ends when they have gone`, async () => {
      const before = await clients[name].try(['console', 'vm', '--type=vga']);
      assert.match(before.stderr, /not running/);
      await gast('start', 'vm');
      const { gone, said } = await untilViewed(name, clients.env);
      await gast('stop', '--force', 'vm');
      const [code] = await gone;
      assert.equal(code, 0, said());
    });
});
