/** Screens of virtual machines over the API, with an engine that has no machine behind them: who may look, and for how long. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import type { Operation } from '../../src/api/resources/operations.ts';
import type { Screens } from '../../src/core/ports/machine-screen.ts';
import { HostError } from '../../src/lib/host-error.ts';
import { addImage, caller, fromImage, type Life, live } from './house.ts';
import { entry, open, token } from './trust-fixture.ts';

type Shown = { life: Life; opened: Duplex[]; pressed: (readonly string[])[]; fails: { reason?: string } };

async function shown(): Promise<Shown & AsyncDisposable> {
  const life = await live();
  const opened: Duplex[] = [];
  const pressed: (readonly string[])[] = [];
  const fails: { reason?: string } = {};
  const screens: Screens = {
    missing: async () => fails.reason,
    async open() {
      const [ours, theirs] = duplexPair();
      opened.push(theirs);
      return ours;
    },
    picture: async () => Buffer.from('a picture'),
    async press(_id, chords) {
      if (fails.reason) throw new HostError(fails.reason);
      pressed.push(...chords);
    },
    resize: async (_id, size) => ({
      refused: size.width > 2000,
      shown: size.width > 2000 ? { width: 800, height: 600 } : size,
    }),
  };
  // Whoever has screens is a machine here: the memory's pool has no disks.
  Object.assign(life.world.engine, { screens });
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('vm', { start: true }));
  return { life, opened, pressed, fails, [Symbol.asyncDispose]: () => life[Symbol.asyncDispose]() };
}

const codeOf = (reply: { json(): { metadata: unknown } }) => (reply.json().metadata as { code?: string } | null)?.code;

async function look(life: Life, body: Record<string, unknown>) {
  const reply = await life.call('POST', '/1.0/instances/vm/console', body);
  assert.equal(reply.status, 202, reply.text);
  const url = reply.json().operation as string;
  const fds = ((reply.json().metadata as Operation).metadata?.fds ?? {}) as Record<string, string>;
  const dial = async (name: string) => {
    const connection = await life.server.connect(caller);
    const socket = new WebSocket(`ws://gasthof${url}/websocket?secret=${fds[name]}`, {
      createConnection: () => connection as never,
    });
    await once(socket, 'open');
    return socket;
  };
  const ended = async () => (await life.call('GET', `${url}/wait?timeout=20`)).json().metadata as Operation;
  return { url, dial, ended };
}

test('each websocket is a connection of its own; the operation ends with the last, or with that of control', async () => {
  await using house = await shown();
  const { life, opened } = house;
  const { dial, ended } = await look(life, { type: 'vnc' });
  const [first, second] = [await dial('0'), await dial('0')];
  const heard = once(second, 'message');
  for (let turn = 0; opened.length < 2 && turn < 1000; turn++) await new Promise((resolve) => setImmediate(resolve));
  opened[1]?.write('RFB');
  assert.equal(String((await heard)[0]), 'RFB');
  second.send(Buffer.from('answer'));
  assert.equal(String((await once(opened[1] ?? assert.fail(), 'data'))[0]), 'answer');
  first.close();
  await once(first, 'close');
  second.close();
  assert.equal((await ended()).status, 'Success');

  const held = await look(life, { type: 'vnc' });
  const control = await held.dial('control');
  const only = await held.dial('0');
  only.close();
  await once(only, 'close');
  assert.equal(((await life.call('GET', held.url)).json().metadata as Operation).status, 'Running');
  const last = await held.dial('0');
  control.close();
  await once(last, 'close');
  assert.equal((await held.ended()).status, 'Success');
});

test('SPICE shows it to one, whom another can relieve; VNC to many', async () => {
  await using house = await shown();
  const { life } = house;
  const first = await look(life, { type: 'vga' });
  const control = await first.dial('control');
  const relieved = once(control, 'close');
  const second = await life.call('POST', '/1.0/instances/vm/console', { type: 'vga' });
  assert.deepEqual([second.status, second.json().error_code], [400, 400]);
  assert.match(second.text, /already connected/);
  const other = await look(life, { type: 'vnc' });
  const taken = await look(life, { type: 'vga', force: true });
  await relieved;
  assert.equal((await first.ended()).status, 'Success');
  for (const { url } of [other, taken]) assert.equal((await life.call('DELETE', url)).status, 200);
});

test('it ends with the machine', async () => {
  await using house = await shown();
  const { dial, ended } = await look(house.life, { type: 'vga' });
  const closed = once(await dial('control'), 'close');
  await house.life.must('PUT', '/1.0/instances/vm/state', { action: 'stop', force: true });
  await closed;
  assert.equal((await ended()).status, 'Success');
});

test('keys are looked at before one is pressed; what the engine refuses has its reason', async () => {
  await using house = await shown();
  const { life, pressed, fails } = house;
  const press = (...keys: unknown[]) => life.call('POST', '/1.0/instances/vm/console/keys', { keys });
  assert.equal((await press('ctrl-alt-f1', 'a')).status, 200);
  assert.deepEqual(pressed, [['ctrl', 'alt', 'f1'], ['a']]);
  const unknown = await press('a', 'nothing');
  assert.deepEqual([unknown.status, codeOf(unknown)], [400, 'screen.key']);
  for (const keys of [[], [1], Array.from({ length: 65 }, () => 'a'), ['x'.repeat(65)]])
    assert.equal((await press(...keys)).status, 400);
  assert.equal(pressed.length, 2);
  fails.reason = 'it runs without a screen';
  for (const reply of [await press('a'), await life.call('GET', '/1.0/instances/vm/console?type=vga')])
    assert.match(reply.text, /The screen of vm cannot be used: it runs without a screen/);
  assert.equal((await life.call('GET', '/1.0/instances/vm/console?type=film')).status, 400);
});

test('a new size is told to the machine, and what it shows is told back', async () => {
  await using house = await shown();
  const { life } = house;
  const url = '/1.0/instances/vm';
  const sized = (size: string) => life.call('PATCH', url, { config: { 'display.resolution': size } });
  assert.equal((await sized('800x600')).status, 200);
  const refused = await sized('2048x1152');
  assert.equal(codeOf(refused), 'screen.size');
  assert.match(refused.text, /The screen of vm stays at 800x600 while it runs/);
  const { config } = (await life.call('GET', url)).json().metadata as { config: Record<string, string> };
  assert.equal(config['display.resolution'], '800x600');
  const started = await life.call('PUT', url, { config: { 'display.resolution': '1024x768' }, profiles: ['default'] });
  const done = (await life.call('GET', `${started.json().operation}/wait?timeout=20`)).json().metadata as Operation;
  assert.deepEqual(done.metadata?.screen, { asked: '1024x768', shown: '1024x768' });
});

test('a certificate that is confined to other projects sees nothing of it', async () => {
  await using house = await shown();
  const { client } = await open(house.life);
  using mine = client();
  using nowhere = client();
  for (const [who, projects] of [
    [mine, ['default']],
    [nowhere, []],
  ] as const)
    await who.call(
      'POST',
      '/1.0/certificates',
      entry((await token(house.life, { restricted: true, name: `n${projects.length}`, projects: [...projects] })).text),
    );
  const calls: [string, string, unknown?][] = [
    ['GET', '/1.0/instances/vm/console?type=vga'],
    ['POST', '/1.0/instances/vm/console/keys', { keys: ['a'] }],
    ['POST', '/1.0/instances/vm/console', { type: 'vnc' }],
  ];
  for (const [method, path, body] of calls) {
    assert.ok([403, 404].includes((await nowhere.call(method, path, body)).status), path);
    const { status, json } = await mine.call(method, path, body);
    assert.ok(status < 300, path);
    if (json.operation) await house.life.call('DELETE', String(json.operation));
  }
});
