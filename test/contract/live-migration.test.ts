/** The laws of the migration port for machines that run, with engines that only say what they are asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  HandedOver,
  LiveMachine,
  LiveSource,
  LiveWire,
  MigrationTarget,
  Sockets,
} from '../../src/core/ports/migration.ts';
import { MigrationUnsure } from '../../src/core/ports/migration.ts';
import { channelPair } from './channel-pair.ts';
import { fakeRsync } from './fake-rsync.ts';
import { type Bench, connect, nothing, setUp, sourceOf, targetOf } from './migration-bench.ts';

const machine: LiveMachine = { diskBytes: 2 ** 20, described: { type: 'pc-q35-7.2', shape: ['-m 128M'] } };
const wentOnAt = new Date(1_700_000_000_000);

type Told = { handedOver?: HandedOver; received?: string; machine?: LiveMachine };

/** Sends one word over each stream, and waits for one that comes back over the disk's. */
const sending = (told: Told): LiveSource => ({
  machine,
  async send({ memory, disk }, { handOver }) {
    memory.end('memory');
    disk.write('disk');
    assert.equal(await firstWord(disk), 'written');
    told.handedOver = await handOver();
  },
});

const taking =
  (told: Told): NonNullable<MigrationTarget['live']> =>
  async (described, wire) => {
    told.machine = described;
    await takeAll(told, wire);
    return { wentOnAt };
  };

async function takeAll(told: Told, wire: LiveWire): Promise<void> {
  const { memory, disk } = await wire.ready();
  const parts: Buffer[] = [];
  for await (const part of memory as AsyncIterable<Buffer>) parts.push(part);
  told.received = `${Buffer.concat(parts)} and ${await firstWord(disk)}`;
  disk.write('written');
  await wire.handedOver();
}

const firstWord = (stream: NodeJS.ReadableStream): Promise<string> =>
  new Promise((resolve, reject) => {
    stream.once('data', (bytes: Buffer) => resolve(String(bytes)));
    stream.once('close', () => reject(new Error('closed')));
  });

async function move(
  bench: Bench,
  live: LiveSource,
  take: MigrationTarget['live'],
  options: { cancel?: AbortController } = {},
) {
  const { source, target, ends } = parties(bench, live, take);
  const signal = options.cancel?.signal ?? new AbortController().signal;
  const results = await Promise.allSettled([
    bench.migration.send(ends[0], source, { signal }),
    bench.migration.receive(ends[1], target, { signal }),
  ]);
  const reasons = results.map((result) => (result.status === 'rejected' ? result.reason : undefined) as unknown);
  return { target, sent: reasons[0], received: reasons[1], ends };
}

function parties(bench: Bench, live: LiveSource, take: MigrationTarget['live']) {
  const [here, there] = connect();
  const [state, otherState] = channelPair();
  const ends: [Sockets, Sockets] = [
    { ...here, state: async () => state },
    { ...there, state: async () => otherState },
  ];
  const offered = { kind: 'machine', snapshots: [], index: {}, diskBytes: machine.diskBytes, live: true } as const;
  const source = sourceOf(bench, {
    offer: { ...offered, snapshots: [] },
    live,
    lend: (_name, use) => use({ beside: nothing }),
  });
  const target = targetOf(bench, {
    kind: 'machine',
    lend: (use) => use({ beside: nothing }),
    ...(take ? { live: take } : {}),
  });
  return { source, target, ends };
}

test('a machine goes over by three connections, and the source hears when it went on', async () => {
  await using bench = await setUp(fakeRsync);
  const told: Told = {};
  const { sent, received } = await move(bench, sending(told), taking(told));
  assert.deepEqual([sent, received], [undefined, undefined]);
  assert.deepEqual(told, { machine, received: 'memory and disk', handedOver: { taken: true, wentOnAt } });
});

test('a target that was asked for no machine that runs refuses it before anything has changed', async () => {
  await using bench = await setUp(fakeRsync);
  const told: Told = {};
  const { sent } = await move(bench, sending(told), undefined);
  assert.match(String(sent), /live migration is not supported; stop the instance/);
  assert.deepEqual(told, {});
});

test('a target that cannot make the machine says why, and one that fails at the end, that it does not run there', async () => {
  await using bench = await setUp(fakeRsync);
  const told: Told = {};
  const first = await move(bench, sending(told), () => Promise.reject(new Error('other parts')));
  assert.match(String(first.sent), /the other server says: other parts/);
  assert.deepEqual(told, {});
  const second = await move(bench, sending(told), async (_machine, wire) => {
    await takeAll(told, wire);
    throw new Error('it does not go on');
  });
  assert.match(String(second.sent), /the other server says: it does not go on/);
  assert.equal(told.handedOver, undefined);
});

test('when nothing is heard after it was let go of, or only that nobody can tell, the source does not guess', async () => {
  for (const silence of ['closed', 'unsure'] as const) {
    await using bench = await setUp(fakeRsync);
    const told: Told = {};
    let close = () => {};
    const { source, target, ends } = parties(bench, sending(told), async (_machine, wire) => {
      await takeAll(told, wire);
      if (silence === 'closed') close();
      throw new MigrationUnsure('it may run here');
    });
    close = () => ends[1].control.close();
    const { signal } = new AbortController();
    const [sent] = await Promise.allSettled([
      bench.migration.send(ends[0], source, { signal }),
      bench.migration.receive(ends[1], target, { signal }),
    ]);
    assert.ok(sent.status === 'rejected' && sent.reason instanceof MigrationUnsure, JSON.stringify(sent));
    assert.deepEqual(told.handedOver, { taken: false });
  }
});

test('it is called off until it was let go of, and no longer', async () => {
  await using bench = await setUp(fakeRsync);
  const early = new AbortController();
  const told: Told = {};
  const calledOff = await move(
    bench,
    sending(told),
    async (_machine, wire) => {
      const { memory } = await wire.ready();
      early.abort(new Error('called off'));
      await new Promise((resolve) => memory.once('close', resolve));
      wire.signal.throwIfAborted();
      return { wentOnAt };
    },
    { cancel: early },
  );
  assert.ok(calledOff.sent && calledOff.received);
  assert.equal(told.handedOver, undefined);
  const late = new AbortController();
  const { sent, received } = await move(
    bench,
    sending(told),
    async (_machine, wire) => {
      await takeAll(told, wire);
      late.abort(new Error('called off'));
      return { wentOnAt };
    },
    { cancel: late },
  );
  assert.deepEqual([sent, received], [undefined, undefined]);
  assert.deepEqual(told.handedOver, { taken: true, wentOnAt });
});
