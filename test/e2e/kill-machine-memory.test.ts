/** The daemon is killed at every step of what it does with the memory of virtual machines, and with those that move. */
import { after, before, test } from 'node:test';
import { lacking as lackingDaemon } from '../daemon.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { machineBody } from '../machines/machine-body.ts';
import { change, params } from './kill/requests.ts';
import { openRoom, type Room, type Scenario, work } from './kill/room.ts';

const skip = lackingDaemon() || lackingMachines();
let room: Room;
before(async () => {
  if (skip) return;
  room = await openRoom(async ({ client }) => {
    await client.operation('POST /1.0/instances', { body: machineBody('beside', { start: true }) });
    await client.call('POST /1.0/storage-pools', { body: { name: 'other', driver: 'dir', config: {} } as never });
  });
});
after(() => room?.[Symbol.asyncDispose]());

const running = async ({ client }: Room) =>
  void (await client.operation('POST /1.0/instances', { body: machineBody('one', { start: true }) }));
const snapshot = ({ client }: Room) =>
  client.start('POST /1.0/instances/{name}/snapshots', {
    ...params('one'),
    body: { name: 'snap', stateful: true } as never,
  });
const one = { mayRemain: [] as string[], mustRemain: ['one'] };

const onlyDone: Scenario['only'] = ({ when }) => when === 'done';

const scenarios: Record<string, Scenario> = {
  'snapshot with memory': { prepare: running, work: work(snapshot), ...one },
  'stop with memory': {
    prepare: running,
    work: work(({ client }) =>
      client.start('PUT /1.0/instances/{name}/state', {
        ...params('one'),
        body: { action: 'stop', stateful: true } as never,
      }),
    ),
    ...one,
    // What follows the end of a machine is the same whatever ended it.
    only: ({ work: description }) => description !== 'Clearing up after a guest',
  },
  'start from memory': {
    async prepare(house) {
      await running(house);
      await change(house.client, 'one', 'stop', { stateful: true });
    },
    work: work(({ client }) =>
      client.start('PUT /1.0/instances/{name}/state', { ...params('one'), body: { action: 'start' } as never }),
    ),
    ...one,
    only: onlyDone,
  },
  'back to a snapshot with memory': {
    async prepare(house) {
      await running(house);
      await house.client.finish(await snapshot(house));
      await change(house.client, 'one', 'stop', { force: true });
    },
    work: work(({ client }) =>
      client.start('PUT /1.0/instances/{name}', {
        ...params('one'),
        body: { restore: 'snap', stateful: true } as never,
      }),
    ),
    ...one,
    only: onlyDone,
  },
  'move to another pool while it runs': {
    async prepare(house) {
      await running(house);
      await house.client.finish(await snapshot(house));
    },
    work: work(({ client }) =>
      client.start('POST /1.0/instances/{name}', {
        ...params('one'),
        body: { migration: true, pool: 'other' } as never,
      }),
    ),
    ...one,
  },
};

for (const [name, scenario] of Object.entries(scenarios))
  test(`killed at every step, with memory: ${name}`, { skip }, async (t) => t.diagnostic(await room.survive(scenario)));
