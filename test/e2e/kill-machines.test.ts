/** The daemon is killed at every step of what it does with virtual machines; the next one finishes or undoes it. */
import { after, before, test } from 'node:test';
import { lacking as lackingDaemon, type TestDaemon } from '../daemon.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { machineBody } from '../machines/machine-body.ts';
import { asUser } from '../own-namespaces.ts';
import { params } from './kill/requests.ts';
import { openRoom, type Room, type Scenario, work } from './kill/room.ts';

const skip = lackingDaemon() || lackingMachines();
let room: Room;
before(async () => {
  if (!skip) room = await openRoom((daemon) => make(daemon, 'beside', { start: true }));
});
after(() => room?.[Symbol.asyncDispose]());

const make = async ({ client }: Pick<TestDaemon, 'client'>, name: string, more: object = {}) =>
  void (await client.operation('POST /1.0/instances', { body: machineBody(name, more) }));

const act = (action: string, more: object = {}) =>
  work(({ client }) =>
    client.start('PUT /1.0/instances/{name}/state', { ...params('one'), body: { action, ...more } as never }),
  );
const stopped = (house: Room) => make(house, 'one');
const running = (house: Room) => make(house, 'one', { start: true });
const one = { mayRemain: [] as string[], mustRemain: ['one'] };
const snapshot = ({ client }: Room) =>
  client.operation('POST /1.0/instances/{name}/snapshots', { ...params('one'), body: { name: 'snap' } as never });

const scenarios: Record<string, Scenario> = {
  launch: {
    work: work(({ client }) => client.start('POST /1.0/instances', { body: machineBody('one', { start: true }) })),
    mayRemain: ['one'],
    mustRemain: [],
  },
  'start with a bigger disk': {
    async prepare(house) {
      await stopped(house);
      const root = { type: 'disk', path: '/', pool: 'default', size: '96MiB' };
      await house.client.call('PATCH /1.0/instances/{name}', {
        ...params('one'),
        body: { devices: { root } } as never,
      });
    },
    work: act('start'),
    ...one,
  },
  'stop by force': {
    prepare: running,
    work: act('stop', { force: true }),
    ...one,
    only: ({ when }) => when === 'done' || when === 'running',
  },
  restart: {
    prepare: running,
    work: act('restart', { force: true }),
    ...one,
    only: ({ when, work: description }) => when === 'done' && description !== 'Clearing up after a guest',
  },
  'snapshot while it runs': {
    prepare: running,
    work: work(({ client }) =>
      client.start('POST /1.0/instances/{name}/snapshots', { ...params('one'), body: { name: 'snap' } as never }),
    ),
    ...one,
  },
  'copy while it runs': {
    prepare: running,
    work: work(({ client }) =>
      client.start('POST /1.0/instances', {
        body: { name: 'two', source: { type: 'copy', source: 'one' } } as never,
      }),
    ),
    mayRemain: ['two'],
    mustRemain: ['one'],
  },
  restore: {
    async prepare(house) {
      await stopped(house);
      await snapshot(house);
    },
    work: work(({ client }) =>
      client.start('PUT /1.0/instances/{name}', { ...params('one'), body: { restore: 'snap' } as never }),
    ),
    ...one,
  },
  'removal of a snapshot': {
    async prepare(house) {
      await stopped(house);
      await snapshot(house);
    },
    work: work(({ client }) =>
      client.start('DELETE /1.0/instances/{name}/snapshots/{snapshot}', { params: { name: 'one', snapshot: 'snap' } }),
    ),
    ...one,
  },
  delete: {
    prepare: stopped,
    work: work(({ client }) => client.start('DELETE /1.0/instances/{name}', params('one'))),
    mayRemain: ['one'],
    mustRemain: [],
  },
};

/** An ordinary user's daemon does the same by the same steps; these are those in which its own namespaces matter. */
const asUserToo = new Set(['launch', 'stop by force', 'snapshot while it runs']);
const chosen = Object.entries(scenarios).filter(([name]) => !asUser || asUserToo.has(name));

for (const [name, scenario] of chosen)
  test(`killed at every step, with a machine: ${name}`, { skip }, async (t) =>
    t.diagnostic(await room.survive(scenario)),
  );
