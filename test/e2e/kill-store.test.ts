/** The daemon is killed at every step of what copies and removes: all of it is there afterwards, or nothing (issue: kill test). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../../src/api/resources/operations.ts';
import { importImage, lacking, launch } from '../daemon.ts';
import { shell } from './isolation/inside.ts';
import { params } from './kill/requests.ts';
import { openRoom, type Room, type Scenario } from './kill/room.ts';

const skip = lacking();
let room: Room;
before(async () => {
  if (!skip) room = await openRoom();
});
after(() => room?.[Symbol.asyncDispose]());

type Started = (operation: Operation) => void;
const follow = async ({ client }: Room, starting: Promise<Operation>, started: Started): Promise<unknown> => {
  const operation = await starting;
  started(operation);
  return client.finish(operation);
};
const create = (house: Room, body: object, started: Started) =>
  follow(house, house.client.start('POST /1.0/instances', { body: body as never }), started);
const snapshot = ({ client }: Room, name: string) =>
  client.start('POST /1.0/instances/{name}/snapshots', { ...params('one'), body: { name } });
const snapshotNames = async ({ client }: Room) =>
  (await client.call('GET /1.0/instances/{name}/snapshots', params('one'))).map((url) => String(url).split('/').at(-1));
const publish = (house: Room, started: Started) =>
  follow(
    house,
    house.client.start('POST /1.0/images', {
      body: {
        source: { type: 'instance', name: 'beside' },
        aliases: [{ name: 'made' }],
        compression_algorithm: 'none',
      } as never,
    }),
    started,
  );
const aliases = async ({ client }: Room) =>
  (await client.call('GET /1.0/images/aliases')).map((url) => String(url).split('/').at(-1));

/** A running guest with the word `old` in a file, and a snapshot of that; then the file says `new`. */
async function prepareRestore(house: Room): Promise<void> {
  await launch(house.daemon, 'one', 'busybox');
  await shell(house.client, 'one', 'echo old > /root/word');
  await follow(house, snapshot(house, 'before'), () => {});
  await shell(house.client, 'one', 'echo new > /root/word; sync');
  await house.client.operation('PUT /1.0/instances/{name}/state', {
    ...params('one'),
    body: { action: 'stop', force: true },
  });
}

const word = async (house: Room) => (await shell(house.client, 'one', 'cat /root/word')).stdout.trim();
const start = ({ client }: Room) =>
  client.operation('PUT /1.0/instances/{name}/state', { ...params('one'), body: { action: 'start' } });

const scenarios: Record<string, Scenario> = {
  'launch from an image that no guest has used yet': {
    prepare: (house) => publish(house, () => {}),
    work: (house, started) => create(house, { name: 'one', source: { type: 'image', alias: 'made' } }, started),
    mayRemain: ['one'],
    mustRemain: [],
  },
  'snapshot of a running guest': {
    prepare: ({ daemon }) => launch(daemon, 'one', 'busybox'),
    work: (house, started) => follow(house, snapshot(house, 'taken'), started),
    async check(house) {
      const names = await snapshotNames(house);
      assert.ok(names.length === 0 || (names.length === 1 && names[0] === 'taken'), String(names));
      // Whatever happened to this one, the next works.
      await follow(house, snapshot(house, 'next'), () => {});
    },
    mayRemain: [],
    mustRemain: ['one'],
  },
  restore: {
    prepare: prepareRestore,
    work: (house, started) =>
      follow(
        house,
        house.client.start('PUT /1.0/instances/{name}', { ...params('one'), body: { restore: 'before' } as never }),
        started,
      ),
    async check(house) {
      assert.deepEqual(await snapshotNames(house), ['before']);
      await start(house);
      // Once begun it is finished by the next daemon: files and configuration never come from two states.
      assert.equal(await word(house), 'old');
    },
    mayRemain: [],
    mustRemain: ['one'],
  },
  'copy of a running guest': {
    prepare: ({ daemon }) => launch(daemon, 'one', 'busybox'),
    work: (house, started) => create(house, { name: 'two', source: { type: 'copy', source: 'one' } }, started),
    mayRemain: ['two'],
    mustRemain: ['one'],
  },
  'delete with a snapshot': {
    prepare: prepareRestore,
    work: (house, started) => follow(house, house.client.start('DELETE /1.0/instances/{name}', params('one')), started),
    async check({ client }) {
      // Begun is done: nobody has to delete twice.
      const names = await client.call('GET /1.0/instances');
      assert.deepEqual(names, ['/1.0/instances/beside']);
    },
    mayRemain: [],
    mustRemain: [],
  },
  'delete of a snapshot': {
    prepare: prepareRestore,
    work: (house, started) =>
      follow(
        house,
        house.client.start('DELETE /1.0/instances/{name}/snapshots/{snapshot}', {
          params: { name: 'one', snapshot: 'before' },
        }),
        started,
      ),
    mayRemain: [],
    mustRemain: ['one'],
  },
  'publish of a running guest': {
    work: publish,
    async check(house) {
      const names = await aliases(house);
      if (!names.includes('made')) await publish(house, () => {});
      await launch(house.daemon, 'two', 'made');
    },
    mayRemain: [],
    mustRemain: [],
  },
  'import of an image': {
    work: ({ daemon }) => importImage(daemon, 'busybox', 'made', 'another'),
    async check(house) {
      const names = await aliases(house);
      if (!names.includes('made')) await importImage(house.daemon, 'busybox', 'made', 'another');
      await launch(house.daemon, 'two', 'made');
    },
    mayRemain: [],
    mustRemain: [],
  },
};

for (const [name, scenario] of Object.entries(scenarios))
  test(`killed at every step: ${name}`, { skip }, async (t) => t.diagnostic(await room.survive(scenario)));
