/** The daemon is killed all along a change of devices: what the next one shows is what the guest has (issue: kill test). */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { lacking, launch } from '../daemon.ts';
import { assertSame } from './foreign/device-house.ts';
import { shell } from './isolation/inside.ts';
import { params } from './kill/requests.ts';
import { openRoom, type Room, tidy } from './kill/room.ts';

const skip = lacking();
let room: Room;
before(async () => {
  if (!skip) room = await openRoom();
});
after(() => room?.[Symbol.asyncDispose]());

const all = {
  shared: { type: 'disk', source: '/usr/share', path: '/mnt/shared', readonly: 'true' },
  null: { type: 'unix-char', source: '/dev/null', path: '/dev/second-null' },
  px: { type: 'proxy', listen: 'tcp:127.0.0.1:18090', connect: 'tcp:127.0.0.1:8090' },
  py: { type: 'proxy', listen: 'unix:@gasthof-kill-test', connect: 'tcp:127.0.0.1:8090' },
  eth9: { type: 'nic', nictype: 'p2p', name: 'eth9' },
};
const others = {
  ...all,
  px: { ...all.px, listen: 'tcp:127.0.0.1:18091' },
  shared: { ...all.shared, path: '/mnt/elsewhere' },
};

type Devices = Record<string, Record<string, string>>;

async function devicesTo({ client }: Room, devices: Devices): Promise<void> {
  const { config, profiles, ephemeral } = await client.call('GET /1.0/instances/{name}', params('one'));
  const own = Object.fromEntries(Object.entries(config ?? {}).filter(([key]) => !key.startsWith('volatile.')));
  const body = { config: own, profiles, ephemeral, devices, architecture: 'x86_64', description: '' };
  await client.operation('PUT /1.0/instances/{name}', { ...params('one'), body: body as never });
}

/** A listener that is there takes the connection, whoever is behind it. */
const listens = (at: { port: number; host: string } | { path: string }) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(at, () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });

/** Each device is in the guest if, and only if, the document has it. */
async function agreesNow({ client }: Room): Promise<void> {
  const { devices = {} } = await client.call('GET /1.0/instances/{name}', params('one'));
  const script = [
    'cat /proc/self/mounts | cut -d" " -f2 | grep "^/mnt/" | tr "\\n" " "',
    'test -c /dev/second-null && echo node',
    'ls /sys/class/net | grep eth9',
  ];
  const seen = await shell(client, 'one', `${script.join('; ')}; true`);
  const wanted = [
    ...(devices.shared ? [`${devices.shared.path} `] : []),
    ...(devices.null ? ['node\n'] : []),
    ...(devices.eth9 ? ['eth9\n'] : []),
  ].join('');
  const found = { seen: String(seen.stdout ?? seen).trim(), first: false, second: false, abstract: false };
  found.first = await listens({ host: '127.0.0.1', port: 18_090 });
  found.second = await listens({ host: '127.0.0.1', port: 18_091 });
  found.abstract = await listens({ path: '\0gasthof-kill-test' });
  assert.deepEqual(found, {
    seen: wanted.trim(),
    first: devices.px?.listen === all.px.listen,
    second: devices.px?.listen === others.px.listen,
    abstract: devices.py !== undefined,
  });
}

/** Cards are taken away a moment after the daemon has said so. */
async function agree(room: Room): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; await setTimeout(100))
    try {
      return await agreesNow(room);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
}

const killsEach = 8;

test('killed while devices come, change and go', { skip }, async (t) => {
  const { daemon, client } = room;
  await launch(daemon, 'one', 'busybox');
  const { pid } = await client.call('GET /1.0/instances/{name}/state', params('one'));
  const changes = { come: [{}, all], change: [all, others], go: [others, {}] } satisfies Record<
    string,
    [Devices, Devices]
  >;
  for (const [name, [from, to]] of Object.entries(changes) as [string, [Devices, Devices]][])
    await t.test(`devices ${name}`, async (t) => {
      await devicesTo(room, from);
      const began = performance.now();
      await devicesTo(room, to);
      const tookMs = performance.now() - began;
      await agree(room);
      let late = 0;
      for (let kill = 0; kill < killsEach; kill++) {
        await devicesTo(room, from);
        const afterMs = Math.round((tookMs * kill) / (killsEach - 1));
        const work = devicesTo(room, to).then(
          () => late++,
          () => {},
        );
        await setTimeout(afterMs);
        await daemon.end('SIGKILL');
        await work;
        await daemon.start();
        await agree(room).catch((cause: Error) => {
          const log = daemon.log().split('\n').slice(-10).join('\n');
          throw new Error(`killed ${afterMs} ms into ${Math.round(tookMs)}: ${cause.message}\n${log}`, { cause });
        });
        const now = await client.call('GET /1.0/instances/{name}/state', params('one'));
        assert.equal(now.pid, pid, 'the guest ran on');
      }
      t.diagnostic(`${killsEach} kills within ${Math.round(tookMs)} ms, ${late} came after the end`);
    });
  await tidy(room);
  // All but the relay's log.
  await assertSame(room.before, daemon);
});
