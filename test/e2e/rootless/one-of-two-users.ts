/**
 * Run by rootless-two-users.test.ts for each of its users: keeps a daemon of this user, and runs what it is told, a line of JSON
 * each: `gast` with the environment of this daemon, `sh -c`, or the stop of a guest without any program. Ends with its standard input.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { importImage, startDaemon } from '../../daemon.ts';
import { namespaceMember } from '../../own-namespaces.ts';
import { runGast } from '../gast.ts';

export type Order = { gast: string[] } | { sh: string } | { stop: string };
export type Done = { code: number | null; stdout: string; stderr: string };

await using daemon = await startDaemon();
await importImage(daemon, 'sysvinit', 'img');
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
say({
  uid: process.getuid?.(),
  pid: daemon.pid,
  directory: daemon.directory,
  member: namespaceMember(daemon.directory),
});
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  // There may be no room for one more process.
  say(await obey(order).catch((error: Error) => ({ code: -1, stdout: '', stderr: error.message })));
}

async function obey(order: Order): Promise<Done> {
  if ('gast' in order) return runGast(daemon.env, order.gast);
  if ('sh' in order) return shell(order.sh);
  const { status } = await daemon.client.call('GET /1.0/instances/{name}', { params: { name: order.stop } });
  if (status !== 'Stopped')
    await daemon.client.operation('PUT /1.0/instances/{name}/state', {
      params: { name: order.stop },
      body: { action: 'stop', force: true },
    });
  return { code: 0, stdout: '', stderr: '' };
}

function shell(script: string): Promise<Done> {
  const child = spawn('/bin/bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (part: Buffer) => {
      said[name] += part;
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}
