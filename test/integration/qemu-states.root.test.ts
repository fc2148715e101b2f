/** Memory of machines in files: laws of src/core/ports/machine-states.ts (M11, P05). Prints how long a machine stands still. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GuestSpec } from '../../src/core/ports/engine.ts';
import type { Machine } from '../../src/core/ports/machine.ts';
import { createQemuEngine } from '../../src/engines/qemu/engine.ts';
import { assertUnbroken, beginTicks, logOf, ticksIn, untilMoreTicks } from './machine-ticks.ts';
import { lacking, openQemuLab, type QemuLab, qemuOptions } from './qemu-lab.ts';

const one = '0000000000a1';
const skip = lacking();

type Room = QemuLab & {
  states: NonNullable<QemuLab['engine']['states']>;
  place(name: string): string;
  disk(name: string, backing?: string): string;
  machine(change: Partial<Machine>): GuestSpec;
};

const law = (title: string, body: (room: Room) => Promise<void>) =>
  test(title, { skip, timeout: 240_000 }, async () => {
    await using lab = await openQemuLab();
    const { states } = lab.engine;
    assert.ok(states);
    const place = (name: string) => join(lab.directory, name);
    const machine = (change: Partial<Machine>) => {
      const plain = lab.spec(one);
      return { ...plain, machine: { ...plain.machine, ...change } as Machine };
    };
    const disk = (name: string, backing?: string) => {
      const base = backing === undefined ? [] : ['-b', place(backing), '-F', 'qcow2'];
      execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...base, place(name), '64M']);
      return place(name);
    };
    await body({ ...lab, states, place, disk, machine });
  });

const run = async ({ engine, ready }: Room, spec: GuestSpec) => {
  await engine.create(spec);
  await engine.start(spec.id);
  await ready?.(spec.id);
};

law('a machine that is saved and ended goes on where it was, and not before it is told to', async (room) => {
  const { engine, states, place, machine } = room;
  await run(room, machine({}));
  await beginTicks(engine, one);
  const path = place('state');
  assert.deepEqual(await states.save(one, path, { standStill: true }), {});
  assert.equal((await engine.observe())[0]?.state, 'frozen');
  const before = await logOf(engine, one);
  await engine.remove(one);
  await engine.create(machine({ incoming: { kind: 'state', path } }));
  await engine.start(one);
  assert.equal((await engine.observe())[0]?.state, 'frozen');
  assert.equal(await logOf(engine, one), '');
  const begun = performance.now();
  await engine.unfreeze(one);
  await untilMoreTicks(engine, one);
  process.stdout.write(`# ticks again after ${(performance.now() - begun).toFixed(0)} ms\n`);
  assert.equal((await engine.observe())[0]?.state, 'running');
  assertUnbroken(before.slice(before.indexOf('tick 1\r')) + (await logOf(engine, one)));
});

law('a machine that goes on stands still for a moment only, with its disk switched in it', async (room) => {
  const { engine, states, place, disk, machine } = room;
  const head = disk('head');
  const chain = [{ path: head, format: 'qcow2', readOnly: false }] as const;
  await run(room, machine({ disks: [{ id: 'root', chain }] }));
  await beginTicks(engine, one);
  const overlay = disk('overlay', 'head');
  const begun = performance.now();
  const { pauseMs = Number.NaN } = await states.save(one, place('state'), { switched: { disk: 'root', overlay } });
  const whole = performance.now() - begun;
  const megabytes = (statSync(place('state')).size / 2 ** 20).toFixed(0);
  process.stdout.write(`# stateful snapshot: ${whole.toFixed(0)} ms, stood still ${pauseMs} ms, ${megabytes} MiB\n`);
  assert.ok(pauseMs < 3000, `${pauseMs} ms`);
  await untilMoreTicks(engine, one);
  const first = await logOf(engine, one);
  assertUnbroken(first.slice(first.indexOf('tick 1\r')));
  // Again, as often as wanted; and what it costs when it stands still from the beginning, as a machine twice as big would twice.
  await engine.freeze(one);
  const stopped = performance.now();
  await states.save(one, place('again'), { standStill: true });
  await engine.unfreeze(one);
  process.stdout.write(`# stopped first, it would stand still ${(performance.now() - stopped).toFixed(0)} ms\n`);
  await engine.remove(one);
  const later = disk('later', 'head');
  const chained = [
    { path: later, format: 'qcow2', readOnly: false },
    { path: head, format: 'qcow2', readOnly: true },
  ] as const;
  const incoming = { kind: 'state', path: place('state') } as const;
  await engine.create(machine({ disks: [{ id: 'root', chain: chained }], incoming }));
  await engine.start(one);
  await engine.unfreeze(one);
  await untilMoreTicks(engine, one);
  const [resumed = 0] = ticksIn(await logOf(engine, one));
  assert.ok(ticksIn(first).includes(resumed), `${resumed}`);
  assertUnbroken(await logOf(engine, one));
});

law('another machine does not take the memory, and says what is different', async (room) => {
  const { engine, states, place, disk, machine } = room;
  await run(room, machine({}));
  const path = place('state');
  await states.save(one, path, { standStill: true });
  await engine.remove(one);
  const incoming = { kind: 'state', path } as const;
  const smaller = { ...machine({ incoming }), limits: { memoryBytes: 96 * 2 ** 20 } };
  await assert.rejects(engine.create(smaller), /with other parts: then -m 128M.*, now -m 96M/);
  const chain = [{ path: disk('new'), format: 'qcow2', readOnly: false }] as const;
  const bigger = machine({ incoming, disks: [{ id: 'root', chain }] });
  await assert.rejects(engine.create(bigger), /now .*virtio-blk-pci,id=root/);
  await assert.rejects(
    engine.create(machine({ incoming: { kind: 'state', path: disk('none') } })),
    /is not the memory/,
  );
  assert.deepEqual(await engine.observe(), []);
});

law('a save that is aborted or has no room leaves a machine that runs on, and no file', async (room) => {
  const { engine, states, place, machine } = room;
  await run(room, machine({}));
  await beginTicks(engine, one);
  await assert.rejects(states.save(one, place('state'), { signal: AbortSignal.abort() }));
  assert.equal(existsSync(place('state')), false);
  await assert.rejects(
    states.save(one, place('state'), { switched: { disk: 'none', overlay: place('none') } }),
    /has no disk "none"/,
  );
  assert.equal(existsSync(place('state')), false);
  assert.equal((await engine.observe())[0]?.state, 'running');
  await untilMoreTicks(engine, one);
  const log = await logOf(engine, one);
  assertUnbroken(log.slice(log.indexOf('tick 1\r')));
});

law(
  'a daemon that comes later finds a machine that was left standing still as frozen, and it goes on',
  async (room) => {
    const { engine, states, place, directory, machine } = room;
    await run(room, machine({}));
    await beginTicks(engine, one);
    await states.save(one, place('state'), { standStill: true });
    const next = await createQemuEngine(qemuOptions(directory));
    assert.equal((await next.observe())[0]?.state, 'frozen');
    await next.unfreeze(one);
    await untilMoreTicks(next, one);
    const log = await logOf(next, one);
    assertUnbroken(log.slice(log.indexOf('tick 1\r')));
  },
);
