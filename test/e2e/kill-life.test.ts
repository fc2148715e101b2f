/** The daemon is killed at every step of what brings guests up and down; the next one finishes or undoes it (issue: kill test). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Operation } from '../../src/api/resources/operations.ts';
import { lacking, launch } from '../daemon.ts';
import { shell } from './isolation/inside.ts';
import { change, params } from './kill/requests.ts';
import { openRoom, type Room, type Scenario } from './kill/room.ts';

const skip = lacking();
let room: Room;
before(async () => {
  if (!skip) room = await openRoom();
});
after(() => room?.[Symbol.asyncDispose]());

const image = (alias: string) => ({ type: 'image', alias });
const create = async (
  { client }: Room,
  body: Record<string, unknown>,
  started: (operation: Operation) => void,
): Promise<unknown> => {
  const operation = await client.start('POST /1.0/instances', { body: body as never });
  started(operation);
  return client.finish(operation);
};
const act =
  (action: string, more: object = {}): Scenario['work'] =>
  async ({ client }, started) => {
    const operation = await client.start('PUT /1.0/instances/{name}/state', {
      ...params('one'),
      body: { action, ...more } as never,
    });
    started(operation);
    return client.finish(operation);
  };

const scenarios: Record<string, Scenario> = {
  launch: {
    work: (house, started) => create(house, { name: 'one', source: image('busybox'), start: true }, started),
    mayRemain: ['one'],
    mustRemain: [],
  },
  start: {
    prepare: ({ daemon }) => launch(daemon, 'one', 'busybox', { start: false }),
    work: act('start'),
    mayRemain: [],
    mustRemain: ['one'],
  },
  stop: {
    prepare: ({ daemon }) => launch(daemon, 'one', 'busybox'),
    work: act('stop', { timeout: 30 }),
    mayRemain: [],
    mustRemain: ['one'],
    // What comes after the end is the same for all ends.
    only: ({ work }) => work !== 'Clearing up after a guest',
  },
  'stop by force': {
    prepare: ({ daemon }) => launch(daemon, 'one', 'busybox'),
    work: act('stop', { force: true }),
    mayRemain: [],
    mustRemain: ['one'],
  },
  'end of an ephemeral guest': {
    prepare: ({ daemon }) => launch(daemon, 'one', 'busybox', { ephemeral: true }),
    work: act('stop', { force: true }),
    mayRemain: ['one'],
    mustRemain: [],
    only: ({ when }) => when === 'done',
  },
  restart: {
    prepare: ({ daemon }) => launch(daemon, 'one', 'busybox'),
    work: act('restart', { force: true }),
    mayRemain: [],
    mustRemain: ['one'],
    check: ({ client }) => comesUp(client),
    only: ({ when, work }) => when === 'done' && work !== 'Clearing up after a guest',
  },
  'reboot from inside': {
    prepare: ({ daemon }) => launch(daemon, 'one', 'busybox'),
    async work({ client }) {
      const { pid } = await client.call('GET /1.0/instances/{name}/state', params('one'));
      shell(client, 'one', 'reboot').catch(() => {});
      await comesUp(client, pid);
    },
    check: ({ client }) => comesUp(client),
    mayRemain: [],
    mustRemain: ['one'],
    only: ({ when }) => when === 'done',
  },
};

for (const [name, scenario] of Object.entries(scenarios))
  test(`killed at every step: ${name}`, { skip }, async (t) => t.diagnostic(await room.survive(scenario)));

/** Nobody starts it but the daemon. */
async function comesUp(client: Room['client'], exceptPid = 0): Promise<void> {
  const until = Date.now() + 60_000;
  for (;;) {
    const { status, pid } = await client.call('GET /1.0/instances/{name}/state', params('one'));
    if (status === 'Running' && pid > 0 && pid !== exceptPid) return;
    assert.ok(Date.now() < until, `it did not come up again: ${status}`);
    await setTimeout(50);
  }
}

test('a frozen guest stays frozen, and the daemon can be killed while it freezes', { skip }, async () => {
  const { daemon, client } = room;
  await change(client, 'beside', 'freeze');
  await daemon.end('SIGKILL');
  await daemon.start();
  assert.equal((await client.call('GET /1.0/instances/{name}', params('beside'))).status, 'Frozen');
  await change(client, 'beside', 'unfreeze');
  assert.equal((await client.call('GET /1.0/instances/{name}/state', params('beside'))).pid, room.besidePid);
});
