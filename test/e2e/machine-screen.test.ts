/** Screens of virtual machines, from the command line and over the API (M01-M03, M05, M06, M09, M11, W19). */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Operation } from '../../src/api/resources/operations.ts';
import { importImage, lacking as lackingDaemon, gast as program, startDaemon, type TestDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { readPng } from '../machines/png.ts';
import { openRfbViewer, type RfbViewer } from '../machines/rfb-viewer.ts';
import { screenMachine } from '../machines/screen-machine.ts';
import { typedKeys } from '../machines/typed-keys.ts';
import { runGast, sureGast } from './gast.ts';
import { bootMs } from './machine-words.ts';

const followMs = 30_000;
const spiceGreeting = Buffer.from(
  `5245445102000000020000001200000000000000010000000000000000000000${'12000000'}`,
  'hex',
);

const { kernel, initrd, append, memory } = screenMachine;
const direct = ['-c', `machine.kernel=${kernel}`, '-c', `machine.initrd=${initrd}`, '-c', `machine.cmdline=${append}`];

const lacking = () =>
  lackingDaemon() ||
  lackingMachines() ||
  (existsSync(initrd) ? false : `needs ${initrd}: node tools/test/run.ts makes it`);

const becomes = async (viewer: RfbViewer, size: string) => {
  while (viewer.size !== size) await viewer.update(true);
};

/** An operation that shows the screen, and websockets to it. */
async function look({ client }: TestDaemon, name: string, type: string, force = false) {
  const operation = await client.start('POST /1.0/instances/{name}/console', {
    params: { name },
    body: { type, force },
  });
  const fds = operation.metadata?.fds as Record<string, string>;
  const dial = (channel: string) =>
    client.websocket(`/1.0/operations/${operation.id}/websocket?secret=${encodeURIComponent(fds[channel] ?? '')}`);
  const ended = () =>
    client.call('GET /1.0/operations/{id}/wait', { params: { id: operation.id }, query: { timeout: '60' } });
  return { operation, dial, ended: async () => (await ended()) as Operation };
}

test('the screen of a virtual machine', { skip: lacking(), timeout: 600_000 }, async (t) => {
  await using daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'bb');
  const gast = sureGast(daemon.env);
  const refused = async (...words: string[]) => {
    const { code, stderr } = await runGast(daemon.env, words);
    assert.notEqual(code, 0, words.join(' '));
    return stderr;
  };
  const { client } = daemon;
  const create = (name: string, config: Record<string, string>) =>
    client.operation('POST /1.0/instances', {
      body: {
        name,
        type: 'virtual-machine',
        source: { type: 'none' },
        config: { 'limits.memory': '64MiB', ...config },
        devices: { root: { type: 'disk', path: '/', pool: 'default', size: '64MiB' } },
      } as never,
    });
  const state = (name: string, action: string) =>
    client.operation('PUT /1.0/instances/{name}/state', {
      params: { name },
      body: { action, force: action === 'stop' },
    });
  const patch = (name: string, key: string, value: string) =>
    client.call('PATCH /1.0/instances/{name}', { params: { name }, body: { config: { [key]: value } } as never });
  const picturing = (name: string) =>
    client.raw('GET /1.0/instances/{name}/console', { params: { name }, query: { type: 'vga' } });
  const press = (name: string, ...keys: string[]) =>
    client.call('POST /1.0/instances/{name}/console/keys', { params: { name }, body: { keys } });
  const calls = (name: string) => [
    () => picturing(name),
    () => press(name, 'a'),
    () => look(daemon, name, 'vga'),
    () => look(daemon, name, 'vnc'),
  ];
  const log = async () =>
    String(
      Buffer.concat(
        await (await client.raw('GET /1.0/instances/{name}/console', { params: { name: 'desk' } })).toArray(),
      ),
    );
  const tells = async (what: RegExp, withinMs = followMs, seen: () => Promise<string> = log) => {
    let last = '';
    const isTold = async () => {
      last = await seen();
      return what.test(last);
    };
    await eventually(`it tells ${what}`, isTold, withinMs, () => last);
  };
  const picture = async (name = 'desk') => {
    const answer = await picturing(name);
    assert.equal(answer.headers['content-type'], 'image/png');
    return readPng(Buffer.concat(await answer.toArray()));
  };
  const viewer = async (): Promise<RfbViewer> => openRfbViewer(await (await look(daemon, 'desk', 'vnc')).dial('0'));

  await t.test('what no screen can be is refused', async () => {
    const init = ['init', '--vm', '--empty', 'desk', '-d', 'root,size=64MiB'];
    assert.match(await refused(...init, '-c', 'display.type=vga'), /"vga" is not one of: virtio, std, qxl, none/);
    assert.match(await refused(...init, '-c', 'display.resolution=1366x768'), /multiple of 8: 1360x768 or 1368x768/);
    assert.match(await refused(...init, '-c', 'display.resolution=99999x1'), /from 640x480 to 5120x2160/);
    await gast(...init, '-c', `limits.memory=${memory}`, '-c', 'display.resolution=1024x768', ...direct);
    await gast('start', 'desk');
  });

  await t.test('a container, a machine without a screen and one that does not run say so', async () => {
    await gast('launch', 'bb', 'box');
    await create('blind', { 'display.type': 'none' });
    for (const call of calls('blind')) await assert.rejects(call, /not running/);
    await state('blind', 'start');
    for (const call of calls('blind'))
      await assert.rejects(call, /The screen of blind cannot be used: it runs without a screen/);
    await assert.rejects(patch('blind', 'display.resolution', '800x600'), /runs without a screen/);
    for (const call of calls('box')) await assert.rejects(call, /only supported by virtual machines/);
    await assert.rejects(look(daemon, 'desk', 'film'), /Unknown console type "film"/);
    assert.match(await refused('console', 'desk', '-t', 'film'), /no console of the type "film"/);
  });

  await t.test('a device that cannot change its size says so, and the config stays', async () => {
    await create('old', { 'display.type': 'std' });
    await state('old', 'start');
    assert.match(
      await refused('config', 'set', 'old', 'display.resolution=1152x864'),
      /The screen of old stays at \d+x\d+ while it runs[\s\S]*display.type=virtio/,
    );
    assert.equal(await gast('config', 'get', 'old', 'display.resolution'), '');
    assert.equal((await picture('old')).isBlack, false);
    await state('old', 'stop');
    await patch('old', 'display.resolution', '1152x864');
  });

  await t.test('it has the size that was asked for from the start, and can be pictured', async () => {
    await tells(/^ready after/m, bootMs);
    await tells(/^screen 1024,768 /m);
    assert.deepEqual(await picture(), { size: '1024x768', isBlack: false });
    const directory = mkdtempSync(join(tmpdir(), 'gt-screen-'));
    try {
      await gast('screenshot', 'desk', join(directory, 'desk.png'));
      assert.equal(readPng(readFileSync(join(directory, 'desk.png'))).size, '1024x768');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  await t.test('another size while it runs: the guest is told, and follows where it can', async () => {
    const set = async (size: string) =>
      (await runGast(daemon.env, ['config', 'set', 'desk', `display.resolution=${size}`])).stderr;
    assert.match(await set('800x600'), /The screen of desk is 800x600 now/);
    assert.equal((await picture()).size, '800x600');
    // 0x320, 0x258: the first mode of the monitor.
    await tells(/monitor ....20..3.58..2/);
    assert.match(await set('3840x2160'), /told that its screen is 3840x2160; it still shows/);
    // More than the EDID's own list can say: DisplayID, of the pixels less one (0xeff, 0x86f).
    await tells(/monitor .*ff0e.*6f08/);
    assert.equal(await gast('config', 'get', 'desk', 'display.resolution'), '3840x2160');
    assert.match(await set('1024x768'), /is 1024x768 now/);
  });

  await t.test('keys arrive, and an unknown one stops all of them', async () => {
    assert.match(await refused('send-key', 'desk', 'a', 'ctrl-hyper-x'), /There is no key "ctrl-hyper-x"/);
    await gast('send-key', 'desk', 'b', 'shift-c', '7', 'enter');
    await tells(/^b C 7 enter$/, followMs, async () => typedKeys(await log()));
    assert.doesNotMatch(await log(), /typed a/);
  });

  await t.test('VNC over the websocket: two viewers, keys, a size that a viewer asks for', async () => {
    using first = await viewer();
    using second = await viewer();
    for (const one of [first, second]) {
      assert.equal(one.size, '1024x768');
      assert.ok((await one.update(false)) > 0, 'something is drawn');
    }
    const latencies: number[] = [];
    for (const letter of 'zyxwv') {
      // What is still on its way belongs to no key.
      const drawn = first.update(true);
      const from = performance.now();
      first.key(letter.charCodeAt(0));
      await drawn;
      latencies.push(Math.round(performance.now() - from));
      await tells(new RegExp(`typed ${letter}`));
    }
    latencies.sort((a, b) => a - b);
    t.diagnostic(`from a key to the picture of it: ${latencies.join(', ')} ms (emulated)`);
    second.askSize(640, 480);
    await tells(/monitor ....80..2.e0..1/);
    await becomes(first, '640x480');
    const { config } = (await client.call('GET /1.0/instances/{name}', { params: { name: 'desk' } })) as {
      config: Record<string, string>;
    };
    assert.equal(config['display.resolution'], '1024x768');
    await patch('desk', 'display.resolution', '800x600');
    await patch('desk', 'display.resolution', '1024x768');
    await becomes(first, '1024x768');
  });

  await t.test('a viewer that vanishes takes nothing along, and its operation ends', async () => {
    const { dial, ended } = await look(daemon, 'desk', 'vnc');
    const socket = await dial('0');
    const gone = await openRfbViewer(socket);
    await gone.update(false);
    gone[Symbol.dispose]();
    assert.equal((await ended()).status, 'Success');
    using next = await viewer();
    assert.ok((await next.update(false)) > 0);
  });

  await t.test('SPICE: several connections of one viewer, who can be relieved by another', async () => {
    const { dial, ended } = await look(daemon, 'desk', 'vga');
    const control = await dial('control');
    for (const _ of [1, 2]) {
      const socket = await dial('0');
      const greeted = new Promise<Buffer>((resolve) => socket.onMessage(({ data }) => resolve(data)));
      socket.sendBinary(spiceGreeting);
      assert.equal(String((await greeted).subarray(0, 4)), 'REDQ');
    }
    await assert.rejects(look(daemon, 'desk', 'vga'), /already connected/);
    const other = await look(daemon, 'desk', 'vga', true);
    await control.closed;
    assert.equal((await ended()).status, 'Success');
    await client.call('DELETE /1.0/operations/{id}', { params: { id: other.operation.id } });
  });

  await t.test('the command line gives viewers a socket, or starts one', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gt-screen-'));
    const env = { ...daemon.env, PATH: `${directory}:${daemon.env.PATH}`, TMPDIR: directory };
    try {
      const file = join(directory, 'desk.vv');
      const child = spawn(program, ['console', 'desk', '--type=vga', '--vv', file], { env, stdio: 'ignore' });
      await eventually(
        'the file is there',
        () => existsSync(file) && /unix-path=\S+\n/.test(readFileSync(file, 'utf8')),
      );
      const socket = /unix-path=(\S+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
      const client = connect(socket);
      client.write(spiceGreeting);
      assert.equal(String((await once(client, 'data'))[0]).slice(0, 4), 'REDQ');
      child.kill('SIGINT');
      await once(child, 'exit');
      assert.equal(existsSync(socket), false);

      const started = join(directory, 'xtigervncviewer');
      writeFileSync(started, `#!/bin/sh\n[ -S "$1" ] && echo shown > ${directory}/shown\n`);
      chmodSync(started, 0o755);
      const { code, stderr } = await runGast(env, ['console', 'desk', '--type=vnc']);
      assert.equal(code, 0, stderr);
      assert.equal(readFileSync(join(directory, 'shown'), 'utf8'), 'shown\n');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  await t.test('nothing listens on a port, and a killed daemon takes no machine along', async () => {
    const { pid } = (await client.call('GET /1.0/instances/{name}/state', { params: { name: 'desk' } })) as {
      pid: number;
    };
    for (const table of ['tcp', 'tcp6']) {
      const listening = / 0A /;
      assert.doesNotMatch(readFileSync(`/proc/${pid}/net/${table}`, 'utf8').replace(/^.*\n/, ''), listening);
    }
    const watching = await viewer();
    await daemon.end('SIGKILL');
    watching[Symbol.dispose]();
    await daemon.start();
    assert.equal(await gast('list', 'desk', '-f', 'csv', '-c', 's'), 'RUNNING');
    using again = await viewer();
    assert.ok((await again.update(false)) > 0);
    await press('desk', 'q');
    await tells(/typed q/);
    // Looking ends with what is looked at.
    const { dial, ended } = await look(daemon, 'desk', 'vnc');
    await dial('control');
    await state('desk', 'stop');
    assert.equal((await ended()).status, 'Success');
  });
});
