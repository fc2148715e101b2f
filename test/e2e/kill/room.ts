/**
 * One daemon directory for many deaths: a daemon that can be armed, an image, and a guest `beside` that has to run on
 * through all of it with the same process. `survive` kills the daemon in the middle of one piece of work and looks at what
 * the next daemon makes of it.
 */
import assert from 'node:assert/strict';
import type { Operation } from '../../../src/api/resources/operations.ts';
import type { Client } from '../../../src/client/client.ts';
import type { ClientError } from '../../../src/client/client-error.ts';
import { importImage, launch, startDaemon, type TestDaemon } from '../../daemon.ts';
import { assertSameCensus, type Census, settledCensus } from '../../leaks.ts';
import { bundleDaemon } from './bundle.ts';
import { arm, disarm, type KillPoint, killPoints, takeSteps, tell } from './kill-point.ts';
import { change, instances, params } from './requests.ts';
import { assertRuns, stateOf } from './runs.ts';

/** Work that is interrupted at each of its steps. */
export type Scenario = {
  /** Makes what the work needs. */
  prepare?(room: Room): Promise<unknown>;
  /** Begins the work. Resolves when it has ended; rejects when the daemon dies. */
  work(room: Room, started: (operation: Operation) => void): Promise<unknown>;
  /** Looks at what the next daemon shows, before `one` is tried out. */
  check?(room: Room): Promise<void>;
  /** Names of instances that may be there afterwards, with `beside`. */
  mayRemain: string[];
  mustRemain: string[];
  /** Which of the steps; all of them by default. */
  only?: (point: KillPoint) => boolean;
};

/** Work that is one operation. */
export const work =
  (begin: (room: Room) => Promise<Operation>): Scenario['work'] =>
  async (room, started) => {
    const operation = await begin(room);
    started(operation);
    return room.client.finish(operation);
  };

export type Room = AsyncDisposable & {
  daemon: TestDaemon;
  client: Client;
  before: Census;
  besidePid: number;
  survive(scenario: Scenario): Promise<string>;
};

const besideContainer = async (daemon: TestDaemon) => void (await launch(daemon, 'beside', 'busybox'));

export async function openRoom(makeBeside = besideContainer): Promise<Room> {
  await using parts = new AsyncDisposableStack();
  const bundle = parts.use(await bundleDaemon());
  const daemon = parts.use(await startDaemon({ env: { GASTHOF_ENTRY: bundle.path } }));
  const { client } = daemon;
  await importImage(daemon, 'busybox', 'busybox');
  await makeBeside(daemon);
  const besidePid = (await stateOf(client, 'beside')).pid;
  // A daemon that came later has another parent and other connections: this one is the measure. One that ends
  // by itself leaves what V8 has compiled for all that are killed later.
  await daemon.end();
  await daemon.start();
  const before = await settledCensus(daemon);
  const whole = parts.move();
  const room: Room = {
    daemon,
    client,
    before,
    besidePid,
    survive: (scenario) => survive(room, scenario),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
  return room;
}

/** Does the work once undisturbed to see its steps, then kills the daemon at each of them. Says what was done. */
async function survive(room: Room, scenario: Scenario): Promise<string> {
  const began = performance.now();
  await scenario.prepare?.(room);
  takeSteps(room.daemon.directory);
  await scenario.work(room, () => {});
  const points = killPoints(takeSteps(room.daemon.directory)).filter(scenario.only ?? (() => true));
  assert.ok(points.length > 0);
  await tidy(room);
  await assertSameCensus(room.before, room.daemon, 'undisturbed');
  let late = 0;
  for (const point of points) {
    try {
      if (!(await killedAt(room, scenario, point))) late++;
    } catch (cause) {
      throw new Error(`killed ${tell(point)}\n${cause instanceof Error ? cause.message : cause}\n${tail(room)}`, {
        cause,
      });
    }
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  return `${points.length} kills (${late} came after the end of the work) in ${seconds} s`;
}

/** False when the work was done before the moment came, which a delay in milliseconds may miss. */
async function killedAt(room: Room, scenario: Scenario, point: KillPoint): Promise<boolean> {
  const { daemon, client } = room;
  await scenario.prepare?.(room);
  let operation: Operation | undefined;
  arm(daemon.directory, point);
  const finished = await scenario
    .work(room, (started) => {
      operation = started;
    })
    .then(
      () => true,
      () => false,
    );
  disarm(daemon.directory);
  if (finished) assert.equal(typeof point.when, 'number', 'the daemon was not killed');
  await daemon.end('SIGKILL');
  await daemon.start();

  const found = await instances(client);
  const names = found.map(({ name }) => name).sort();
  const allowed = new Set(['beside', ...scenario.mayRemain, ...scenario.mustRemain]);
  assert.ok(names.every((name) => allowed.has(name)) && new Set(names).size === names.length, `there is ${names}`);
  for (const name of ['beside', ...scenario.mustRemain]) assert.ok(names.includes(name), `${name} is lost`);
  assert.equal((await stateOf(client, 'beside')).pid, room.besidePid, 'the guest beside runs on');
  if (operation) await assertTold(client, operation.id);
  await scenario.check?.(room);
  for (const name of names) await assertUsable(client, name);
  await tidy(room);
  await assertSameCensus(room.before, daemon, 'after it was repaired and deleted');
  return !finished;
}

async function assertTold(client: Client, id: string): Promise<void> {
  const told = await client.call('GET /1.0/operations/{id}', { params: { id } });
  if (told.status === 'Success') return;
  assert.deepEqual([told.status, told.err_code], ['Failure', 'operation.interrupted']);
}

/** It runs, or can be started, and its files can be read. */
async function assertUsable(client: Client, name: string): Promise<void> {
  // A guest that reboots is being started by the daemon itself; one that was asked to halt may end at any moment.
  const until = Date.now() + 30_000;
  for (;;) {
    const { status } = await client.call('GET /1.0/instances/{name}', params(name));
    try {
      if (status === 'Running') return await assertRuns(client, name);
      await change(client, name, 'start');
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

/** Everything but `beside` and its image goes. */
export async function tidy({ client }: Pick<Room, 'client'>): Promise<void> {
  for (const { name, status } of await instances(client)) {
    if (name === 'beside') continue;
    if (status !== 'Stopped') await change(client, name, 'stop', { force: true });
    // An ephemeral guest is gone with its end.
    await client.operation('DELETE /1.0/instances/{name}', params(name)).catch((error: ClientError) => {
      if (error.code !== 'instance.not-found') throw error;
    });
  }
  const images = (await client.call('GET /1.0/images', { query: { recursion: '1' } })) as {
    fingerprint: string;
    aliases: { name: string }[];
  }[];
  for (const { fingerprint, aliases } of images)
    if (!aliases.some(({ name }) => name === 'busybox'))
      await client.operation('DELETE /1.0/images/{fingerprint}', { params: { fingerprint } });
}

const tail = ({ daemon }: Room) => daemon.log().split('\n').slice(-15).join('\n');
