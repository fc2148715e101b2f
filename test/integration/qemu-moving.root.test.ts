/** Machines that run go from one engine to another: laws of src/core/ports/machine-moving.ts (M12). Prints the downtime. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Socket } from 'node:net';
import { test } from 'node:test';
import type { GuestSpec } from '../../src/core/ports/engine.ts';
import type { Machine } from '../../src/core/ports/machine.ts';
import type { MovingStreams } from '../../src/core/ports/machine-moving.ts';
import { socketPair } from '../../src/host/unix-connection.ts';
import { command, outcome } from '../contract/engine.suite.ts';
import { eventually } from './engine-lab.ts';
import { assertUnbroken, beginTicks, logOf, untilMoreTicks } from './machine-ticks.ts';
import { lacking, openQemuLab, type QemuLab } from './qemu-lab.ts';

const one = '0000000000a1';

type Room = {
  here: QemuLab;
  there: QemuLab;
  machine(disk: string, more?: Partial<Machine>): GuestSpec;
  disk(lab: QemuLab): string;
  /** Writes on the disk, again and again, and to the console how often. */
  begin(disk: string): Promise<void>;
  /** The machine waits there for what comes over these streams. */
  await(disk: string): Promise<void>;
  streams(disks: readonly string[]): { sent: MovingStreams; received: MovingStreams };
};

const law = (title: string, body: (room: Room) => Promise<void>) =>
  test(title, { skip: lacking(), timeout: 240_000 }, async () => {
    await using here = await openQemuLab();
    await using there = await openQemuLab();
    const machine = (path: string, more: Partial<Machine> = {}) => {
      const plain = here.spec(one);
      assert.ok(plain.machine);
      const chain = [{ path, format: 'qcow2', readOnly: false }] as const;
      return { ...plain, machine: { ...plain.machine, disks: [{ id: 'root', chain }], ...more } };
    };
    const disk = ({ directory }: QemuLab) => {
      execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', `${directory}/disk`, '64M']);
      return `${directory}/disk`;
    };
    const begin = async (path: string) => {
      await here.engine.create(machine(path));
      await here.engine.start(one);
      await here.ready?.(one);
      await eventually('the agent', async () => (await shell(here, 'true')) === 0, 60_000);
      assert.equal(await shell(here, writing), 0);
      await beginTicks(here.engine, one);
    };
    const wait = async (path: string) => {
      const described = await here.engine.moving?.describe(one);
      assert.ok(described);
      await there.engine.create(machine(path, { incoming: { kind: 'machine', described } }));
      await there.engine.start(one);
      assert.equal((await there.engine.observe())[0]?.state, 'created');
    };
    await body({ here, there, machine, disk, begin, await: wait, streams });
  });

/** 20 MiB, and after them, for ever, a counter that is flushed. */
const writing =
  'dd if=/dev/urandom of=/dev/vda bs=1M count=20 conv=fsync 2>/dev/null; ' +
  '(i=0; while :; do i=$((i+1)); printf %-16s $i | dd of=/dev/vda bs=1M seek=30 conv=fsync,notrunc 2>/dev/null; done) >/dev/null 2>&1 &';

const shell = async ({ engine }: QemuLab, words: string) =>
  outcome(await engine.exec(one, command('sh', '-c', words))).then(
    ([, code]) => code,
    () => -1,
  );
const told = async ({ engine }: QemuLab, words: string) =>
  (await outcome(await engine.exec(one, command('sh', '-c', words))))[0].trim();
const sum = (lab: QemuLab) => told(lab, 'dd if=/dev/vda bs=1M count=20 2>/dev/null | md5sum');

function streams(disks: readonly string[]) {
  const [memory, disk] = [pair(), disks.map((name) => [name, pair()] as const)];
  const end = (index: 0 | 1): MovingStreams => ({
    memory: memory[index],
    disks: Object.fromEntries(disk.map(([name, ends]) => [name, ends[index]])),
  });
  return { sent: end(0), received: end(1) };
}

/** As between two daemons: who ends one side is seen at the other. */
function pair(): [Socket, Socket] {
  const { own, other } = socketPair();
  return [own, new Socket({ fd: other, readable: true, writable: true })];
}

const moving = ({ engine }: QemuLab) => {
  assert.ok(engine.moving);
  return engine.moving;
};

async function assertRunsOn(lab: QemuLab): Promise<void> {
  await untilMoreTicks(lab.engine, one);
  const log = await logOf(lab.engine, one);
  assertUnbroken(log.slice(log.indexOf('tick 1\r')));
  assert.equal((await lab.engine.observe())[0]?.state, 'running');
}

for (const isShared of [false, true])
  law(isShared ? 'over a disk that both see' : 'with its disk: nothing is lost, nothing comes twice', async (room) => {
    const { here, there } = room;
    const path = room.disk(here);
    await room.begin(path);
    const before = await sum(here);
    await room.await(isShared ? path : room.disk(there));
    const { sent, received } = room.streams(isShared ? [] : ['root']);
    const arrived = moving(there).receive(one, received);
    let wentOn = new Date(0);
    const begun = performance.now();
    const { stoodStillAt } = await moving(here).send(one, sent, {
      async handOver() {
        await arrived;
        wentOn = (await moving(there).goOn(one)).wentOnAt;
      },
    });
    const downtimeMs = wentOn.getTime() - stoodStillAt.getTime();
    const how = isShared ? 'shared disk' : 'with its disk';
    process.stdout.write(`# ${how}: ${(performance.now() - begun).toFixed(0)} ms, down ${downtimeMs} ms\n`);
    assert.ok(downtimeMs > 0 && downtimeMs < 5000, `${downtimeMs}`);
    const log = await logOf(here.engine, one);
    await here.engine.remove(one);
    await untilMoreTicks(there.engine, one);
    assertUnbroken(log.slice(log.indexOf('tick 1\r')) + (await logOf(there.engine, one)));
    assert.equal(await sum(there), before);
    const count = () => told(there, 'dd if=/dev/vda bs=1M skip=30 count=1 2>/dev/null | head -c 16');
    const first = Number(await count());
    await eventually('the disk is written', async () => Number(await count()) > first, 30_000);
  });

law('a hand-over that is refused, and another machine that ends on the way: it runs on here', async (room) => {
  const { here, there } = room;
  await room.begin(room.disk(here));
  await room.await(room.disk(there));
  const first = room.streams(['root']);
  const arrived = moving(there).receive(one, first.received);
  const refusing = async () => {
    await arrived;
    throw new Error('no');
  };
  await assert.rejects(moving(here).send(one, first.sent, { handOver: refusing }), /no/);
  await assertRunsOn(here);
  await there.engine.remove(one);

  await room.await(room.disk(there));
  const second = room.streams(['root']);
  const broken = assert.rejects(moving(there).receive(one, second.received));
  second.sent.memory.once('pipe', () => void there.engine.kill(one));
  await assert.rejects(moving(here).send(one, second.sent, { handOver: async () => assert.fail('handed over') }));
  await broken;
  await assert.rejects(moving(there).goOn(one));
  await assertRunsOn(here);
  assert.equal(await shell(here, 'dd if=/dev/zero of=/dev/vda bs=1M seek=40 count=1 conv=fsync,notrunc'), 0);
});

law('two starters on one disk: the second is refused', async (room) => {
  const { here, there } = room;
  const path = room.disk(here);
  await here.engine.create(room.machine(path));
  await here.engine.start(one);
  await there.engine.create(room.machine(path));
  await assert.rejects(there.engine.start(one), /in use by another/);
  assert.equal((await here.engine.observe())[0]?.state, 'running');
});
