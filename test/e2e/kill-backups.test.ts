/** The daemon is killed at every step of copies, moves, backups and imports; the next one finishes or undoes it. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { Operation } from '../../src/api/resources/operations.ts';
import { lacking, launch } from '../daemon.ts';
import { settledCensus } from '../leaks.ts';
import { params } from './kill/requests.ts';
import { openRoom, type Room, type Scenario } from './kill/room.ts';

const skip = lacking();
let room: Room;
before(async () => {
  if (skip) return;
  room = await openRoom();
  await room.client.call('POST /1.0/storage-pools', { body: { name: 'second', driver: 'dir', config: {} } as never });
  // The new pool is part of the measure.
  room.before = await settledCensus(room.daemon);
});
after(() => room?.[Symbol.asyncDispose]());

type Started = (operation: Operation) => void;
const create = async ({ client }: Room, body: Record<string, unknown>, started: Started): Promise<unknown> => {
  const operation = await client.start('POST /1.0/instances', { body: body as never });
  started(operation);
  return client.finish(operation);
};
const copyOf = (source: string, rest: Record<string, unknown> = {}) => ({
  name: 'two',
  source: { type: 'copy', source, ...rest },
});

/** `one` with a snapshot, running. */
const withSnapshot: Scenario['prepare'] = async ({ daemon, client }) => {
  await launch(daemon, 'one', 'busybox');
  await client.operation('POST /1.0/instances/{name}/snapshots', { ...params('one'), body: { name: 's0' } });
};
const stopped: Scenario['prepare'] = async (house) => {
  await withSnapshot(house);
  await house.client.operation('PUT /1.0/instances/{name}/state', {
    ...params('one'),
    body: { action: 'stop', force: true },
  });
};

async function exportOne({ client }: Room, started: Started = () => {}): Promise<Buffer> {
  const operation = await client.start('POST /1.0/instances/{name}/backups', { ...params('one'), body: { name: 'b' } });
  started(operation);
  await client.finish(operation);
  const one = { params: { name: 'one', backup: 'b' } };
  return buffer(await client.raw('GET /1.0/instances/{name}/backups/{backup}/export', one));
}

/** Either all of the snapshot is there, or nothing of it. */
const twoIsWhole: Scenario['check'] = async ({ client }) => {
  const names = (await client.call('GET /1.0/instances')) as string[];
  if (!names.includes('/1.0/instances/two')) return;
  const snapshots = (await client.call('GET /1.0/instances/{name}/snapshots', params('two'))) as string[];
  assert.deepEqual(snapshots, ['/1.0/instances/two/snapshots/s0']);
};

let archive: Buffer = Buffer.alloc(0);
const scenarios: Record<string, Scenario> = {
  'copy with snapshots': {
    prepare: withSnapshot,
    work: (house, started) => create(house, copyOf('one'), started),
    check: twoIsWhole,
    mayRemain: ['two'],
    mustRemain: ['one'],
  },
  'copy to another pool': {
    prepare: stopped,
    work: (house, started) =>
      create(house, { ...copyOf('one'), devices: { root: { type: 'disk', path: '/', pool: 'second' } } }, started),
    check: twoIsWhole,
    mayRemain: ['two'],
    mustRemain: ['one'],
    only: ({ when }) => when !== 'running',
  },
  refresh: {
    prepare: async (house) => {
      await stopped(house);
      await create(house, copyOf('one', { instance_only: true }), () => {});
    },
    work: (house, started) => create(house, copyOf('one', { refresh: true }), started),
    mayRemain: [],
    mustRemain: ['one', 'two'],
  },
  'move to another pool': {
    prepare: stopped,
    work: async ({ client }, started) => {
      const body = { name: 'one', migration: true, live: true, pool: 'second' };
      const operation = await client.start('POST /1.0/instances/{name}', { ...params('one'), body });
      started(operation);
      return client.finish(operation);
    },
    mayRemain: [],
    mustRemain: ['one'],
  },
  'backup of a running guest': {
    prepare: withSnapshot,
    work: exportOne,
    mayRemain: [],
    mustRemain: ['one'],
  },
  import: {
    prepare: async (house) => {
      if (archive.length > 0) return;
      await stopped(house);
      archive = await exportOne(house);
      await house.client.operation('DELETE /1.0/instances/{name}', params('one'));
    },
    work: async ({ client }, started) => {
      const headers = { 'Content-Type': 'application/octet-stream', 'X-Incus-name': 'two' };
      const operation = await client.start('POST /1.0/instances', { upload: Readable.from([archive]), headers });
      started(operation);
      return client.finish(operation);
    },
    check: twoIsWhole,
    mayRemain: ['two'],
    mustRemain: [],
  },
};

for (const [name, scenario] of Object.entries(scenarios))
  test(`killed at every step: ${name}`, { skip }, async (t) => t.diagnostic(await room.survive(scenario)));
