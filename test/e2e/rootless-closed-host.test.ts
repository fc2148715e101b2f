/**
 * Guests of an ordinary user reach the world outside, not what listens on the host, whichever of its addresses they try
 * (issue 4: the user's own sockets).
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { lacking } from '../daemon.ts';
import { startAsUser } from './rootless/run-as-user.ts';

/** `up0` with 192.0.2.2 and the router 192.0.2.1 are made by tools/as-user. This one the host gets later. */
const later = '192.0.2.99';

test('what listens on the host is closed to guests of a user', { skip: lacking(), timeout: 170_000 }, async (t) => {
  const server = createServer((_request, reply) => reply.end('the host'));
  await new Promise<void>((resolve) => server.listen(8088, '::', resolve));
  using _server = { [Symbol.dispose]: () => void server.close() };
  ip('link', 'add', 'other0', 'type', 'bridge');
  using _link = { [Symbol.dispose]: () => ip('link', 'delete', 'other0') };
  ip('address', 'add', '198.51.100.5/24', 'dev', 'other0');
  ip('address', 'add', '2001:db8:5::5/64', 'dev', 'other0', 'nodad');
  ip('link', 'set', 'other0', 'up');
  // Behind this card: nearly every private network.
  for (const network of ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/17']) ip('route', 'add', network, 'dev', 'other0');
  using running = startAsUser('closed-host-as-user.ts', { words: [later] });
  const user = running.child;
  using _world = await serveInRouter();
  let said = '';
  user.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    // The daemon runs: the host gets a further address now.
    if (text.includes('new address, please')) {
      ip('address', 'add', `${later}/32`, 'dev', 'other0');
      user.stdin.write('it is there\n');
    }
  });
  const [code] = (await once(user, 'close')) as [number];
  assert.equal(code, 0, said);
  const seen = JSON.parse(said.trim().split('\n').at(-1) ?? '') as Record<string, string>;

  await t.test('the network of guests is none that the host reaches by another card', () =>
    assert.match(seen.subnet ?? '', /^192\.168\.(12[89]|1[3-9]\d|2\d\d)\.1\/24$/),
  );
  await t.test('the world outside answers', () => assert.equal(seen['192.0.2.1'], 'the world'));
  for (const address of ['192.0.2.2', '198.51.100.5', '2001:db8:5::5', '127.0.0.1', later])
    await t.test(`the host does not answer at ${address}`, () => assert.equal(seen[address], 'nothing'));
});

/** A server beyond the host, in the network namespace of the router. */
async function serveInRouter(): Promise<Disposable> {
  const router = await untilFound(() =>
    readdirSync('/proc').find((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8') === 'sleep\0infinity\0' && statSync(`/proc/${pid}`).uid === 0
        );
      } catch {
        return false;
      }
    }),
  );
  const program = `require('node:http').createServer((q, r) => r.end('the world')).listen(8088, '0.0.0.0')`;
  const server = spawn('nsenter', [`--target=${router}`, '--net', '--', process.execPath, '-e', program], {
    stdio: 'ignore',
  });
  return { [Symbol.dispose]: () => void server.kill() };
}

async function untilFound<T>(look: () => T | undefined): Promise<T> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await setTimeout(20)) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error('there is no router');
}

function ip(...words: string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  assert.equal(status, 0, `ip ${words.join(' ')}: ${stderr}`);
}
