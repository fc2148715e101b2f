/** Exec, console, events and operations over websockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import type { Operation } from '../../src/api/resources/operations.ts';
import { addImage, caller, fromImage, type Life, live } from './house.ts';

async function dial(life: Life, path: string): Promise<WebSocket> {
  const connection = await life.server.connect(caller);
  return new WebSocket(`ws://gasthof${path}`, { createConnection: () => connection as never });
}

/** Everything a socket sends until its end: bytes together, and whether the empty text came last. */
function collect(socket: WebSocket): Promise<{ text: string; ended: boolean }> {
  const seen = { text: '', ended: false };
  socket.on('message', (data, isBinary) => {
    if (isBinary) seen.text += String(data);
    else if (String(data) === '') seen.ended = true;
  });
  return once(socket, 'close').then(() => seen);
}

async function running(): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  await life.must(
    'POST',
    '/1.0/instances',
    fromImage('web', { start: true, config: { 'environment.FROM': 'config' } }),
  );
  return life;
}

async function exec(life: Life, body: Record<string, unknown>, names: readonly string[]) {
  const reply = await life.call('POST', '/1.0/instances/web/exec', { 'wait-for-websocket': true, ...body });
  assert.equal(reply.status, 202, reply.text);
  const url = reply.json().operation;
  const fds = ((reply.json().metadata as Operation).metadata?.fds ?? {}) as Record<string, string>;
  const sockets: Record<string, WebSocket> = {};
  for (const name of names) {
    const socket = await dial(life, `${url}/websocket?secret=${fds[name]}`);
    await once(socket, 'open');
    sockets[name] = socket;
  }
  const ended = async () => (await life.call('GET', `${url}/wait?timeout=20`)).json().metadata as Operation;
  return { url, fds, sockets: sockets as Record<'0' | '1' | '2' | 'control', WebSocket>, ended };
}

const session = (life: Life) => {
  const [guest] = life.world.engine.sessions(life.house.documents.list<{ id: string }>('instances/')[0]?.id ?? '');
  assert.ok(guest, 'a command runs');
  return guest;
};

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000 && !holds(); turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(holds());
}

test('exec: control first, three streams, an empty text ends each, the exit code is in the metadata', async () => {
  await using life = await running();
  const command = ['sh', '-c', 'echo out; echo err >&2; exit 7'];
  const { sockets, ended, fds } = await exec(life, { command }, ['control', '0', '1', '2']);
  assert.deepEqual(Object.keys(fds), ['0', '1', '2', 'control']);
  const [out, err] = [collect(sockets['1']), collect(sockets['2'])];
  sockets['0'].send('');
  assert.deepEqual(await out, { text: 'out\n', ended: true });
  assert.deepEqual(await err, { text: 'err\n', ended: true });
  const operation = await ended();
  assert.deepEqual([operation.status, operation.class, operation.metadata?.return], ['Success', 'websocket', 7]);
});

test('exec: works for clients that never connect to the control socket (pylxd)', async () => {
  await using life = await running();
  const { sockets, ended } = await exec(life, { command: ['cat'] }, ['0', '1', '2']);
  const out = collect(sockets['1']);
  sockets['0'].send(Buffer.from('round trip'));
  sockets['0'].send('');
  assert.equal((await out).text, 'round trip');
  assert.equal((await ended()).metadata?.return, 0);
});

test('exec: a terminal has one socket for both directions; sizes and signals reach the command', async () => {
  await using life = await running();
  const body = { command: ['sleep', '20'], interactive: true, width: 100, height: 30 };
  const { sockets, ended, fds } = await exec(life, body, ['control', '0']);
  assert.deepEqual(Object.keys(fds), ['0', 'control']);
  await until(() =>
    life.house.documents.list<{ id: string }>('instances/').some(({ id }) => life.world.engine.sessions(id).length > 0),
  );
  const guest = session(life);
  assert.deepEqual(guest.spec.terminal, { width: 100, height: 30 });
  for (const odd of [
    '{',
    '[]',
    'null',
    '{"command":"window-resize","args":{"width":"-1","height":"x"}}',
    '{"command":"signal","signal":99}',
  ])
    sockets.control.send(odd);
  sockets.control.send('{"command":"window-resize","args":{"width":"132","height":"40"},"signal":0}');
  sockets.control.send('{"command":"signal","args":null,"signal":15}');
  assert.equal((await ended()).metadata?.return, 143);
  assert.deepEqual(guest.sizes, [{ width: 132, height: 40 }]);
});

test('exec: a client that is killed takes its command with it', async () => {
  await using life = await running();
  const { sockets, ended } = await exec(life, { command: ['sleep', '1000'] }, ['control', '0', '1', '2']);
  await until(() =>
    life.house.documents.list<{ id: string }>('instances/').some(({ id }) => life.world.engine.sessions(id).length > 0),
  );
  for (const socket of Object.values(sockets)) socket.terminate();
  assert.equal((await ended()).metadata?.return, 137);
});

test('exec: without websockets it runs and tells its exit code; environment comes from config, request and defaults', async () => {
  await using life = await running();
  const plain = await life.must('POST', '/1.0/instances/web/exec', {
    command: ['sh', '-c', 'exit 3'],
    environment: { A: 'b' },
  });
  assert.equal(plain.metadata?.return, 3);
  const environment = plain.metadata?.environment as Record<string, string>;
  assert.deepEqual(
    [environment.HOME, environment.USER, environment.FROM, environment.A],
    ['/root', 'root', 'config', 'b'],
  );
  const missing = await life.run('POST', '/1.0/instances/web/exec', { command: ['/nonexistent'] });
  assert.deepEqual([missing.status_code, missing.err, missing.metadata?.return], [400, 'Command not found', 127]);
});

test('exec: a client without control socket that goes away takes its command with it', async () => {
  await using life = await running();
  const { sockets, ended } = await exec(life, { command: ['sleep', '1000'] }, ['0', '1', '2']);
  await until(() =>
    life.house.documents.list<{ id: string }>('instances/').some(({ id }) => life.world.engine.sessions(id).length > 0),
  );
  for (const socket of Object.values(sockets)) socket.terminate();
  assert.equal((await ended()).metadata?.return, 137);
});

test('exec: output is recorded, listed, read and deleted', async () => {
  await using life = await running();
  const operation = await life.must('POST', '/1.0/instances/web/exec', {
    command: ['sh', '-c', 'echo out; echo err >&2; exit 7'],
    'record-output': true,
  });
  const output = operation.metadata?.output as Record<string, string>;
  assert.match(output['1'] ?? '', /^\/1\.0\/instances\/web\/logs\/exec-output\/exec_[0-9a-f-]{36}\.stdout$/);
  assert.equal(operation.metadata?.return, 7);
  assert.deepEqual(
    (await life.get<string[]>('/1.0/instances/web/logs/exec-output')).sort(),
    Object.values(output).sort(),
  );
  assert.equal((await life.call('GET', output['1'] ?? '')).text, 'out\n');
  assert.equal((await life.call('GET', output['2'] ?? '')).text, 'err\n');
  assert.equal((await life.call('DELETE', output['1'] ?? '')).status, 200);
  assert.equal((await life.call('GET', output['1'] ?? '')).status, 404);
  assert.equal((await life.call('GET', '/1.0/instances/web/logs/exec-output/..%2F..%2Fsecret')).status, 404);
  const plain = await life.must('POST', '/1.0/instances/web/exec', { command: ['echo', 'x'] });
  assert.equal(plain.metadata?.output, undefined);
});

test('a secret opens its socket once; a wrong one never; cancelling ends the command', async () => {
  await using life = await running();
  const { url, fds, ended } = await exec(life, { command: ['sleep', '9'] }, ['0', '1', '2']);
  for (const secret of [fds['0'], 'wrong', '']) {
    const socket = await dial(life, `${url}/websocket?secret=${secret}`);
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    assert.equal(response.statusCode, 403);
    socket.terminate();
  }
  assert.equal((await life.call('DELETE', url)).status, 200);
  const operation = await ended();
  assert.deepEqual([operation.status, operation.status_code], ['Cancelled', 401]);
  assert.equal((await life.call('DELETE', url)).status, 400, 'what has ended cannot be cancelled');
});

test('a wait comes back after its time with the operation as it is', async () => {
  await using life = await running();
  const { url, sockets, ended } = await exec(life, { command: ['cat'] }, ['0', '1', '2']);
  const waited = (await life.call('GET', `${url}/wait?timeout=0`)).json().metadata as Operation;
  assert.equal(waited.status, 'Running');
  const groups = await life.get<Record<string, string[]>>('/1.0/operations');
  assert.ok(groups.running?.includes(url));
  sockets['0'].send('');
  assert.equal((await ended()).status, 'Success');
});

test('console: what the guest prints and what is typed; a second viewer needs force', async () => {
  await using life = await running();
  const open = async (body: object) => {
    const reply = await life.call('POST', '/1.0/instances/web/console', body);
    const fds = (reply.json().metadata as Operation | null)?.metadata?.fds as Record<string, string> | undefined;
    return { reply, url: reply.json().operation, fds };
  };
  const first = await open({ width: 80, height: 24, type: 'console' });
  const control = await dial(life, `${first.url}/websocket?secret=${first.fds?.control}`);
  await once(control, 'open');
  const data = await dial(life, `${first.url}/websocket?secret=${first.fds?.['0']}`);
  await once(data, 'open');
  const seen = collect(data);
  await until(() => life.house.consoles.size === 1);
  assert.equal((await open({})).reply.json().error, 'This console is already connected');
  data.send(Buffer.from('root\n'));
  await once(data, 'message');
  assert.equal((await open({ force: true })).reply.status, 202);
  assert.equal((await seen).text, 'root\n', 'only what comes after the beginning');
  const log = await life.call('GET', '/1.0/instances/web/console');
  assert.match(log.text, /web login/);
  await life.call('DELETE', '/1.0/instances/web/console');
  assert.equal((await life.call('GET', '/1.0/instances/web/console')).text, '');
});

test('events: types, replay since a number, heartbeat', async () => {
  await using life = await running();
  const last = life.events.at(-1)?.sequence ?? 0;
  await life.call('POST', '/1.0/profiles', { name: 'p' });
  const socket = await dial(life, `/1.0/events?type=lifecycle&since=${last}&heartbeat=1`);
  const messages: Record<string, unknown>[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  await once(socket, 'message');
  const [event] = messages;
  const { action, source, requestor } = (event?.metadata ?? {}) as Record<string, unknown>;
  assert.deepEqual(
    [event?.type, event?.project, event?.location, action, source],
    ['lifecycle', 'default', 'none', 'profile-created', '/1.0/profiles/p'],
  );
  assert.deepEqual(Object.keys(requestor as object), ['username', 'protocol', 'address']);
  await once(socket, 'message');
  assert.deepEqual(messages[1], { type: 'heartbeat' });
  socket.terminate();
  const wrong = await dial(life, '/1.0/events?type=gossip');
  wrong.on('error', () => {});
  assert.equal((await once(wrong, 'unexpected-response'))[1].statusCode, 400);
  wrong.terminate();
});
