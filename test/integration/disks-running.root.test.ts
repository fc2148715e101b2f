/** Disks that a QEMU has open meanwhile: snapshots, merges and growth by its own means, and what is refused until it stops. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Disks } from '../../src/core/ports/disks.ts';
import { storageDrivers } from '../../src/storage/drivers.ts';
import { expectBytes, filled, mib } from '../contract/disks-room.ts';
import { createScratch, skip } from './disk-images.ts';
import { type RunningDisk, runDisk } from './running-disk.ts';

type Room = {
  disks: Disks;
  running: RunningDisk;
  layers(): number;
  place(name: string): string;
  expect(pattern: number, at?: string, snapshot?: string): Promise<void>;
};

/** The volume `a`, made of an image with the pattern 1 and open in a QEMU. */
const running = (title: string, body: (room: Room) => Promise<void>) =>
  test(title, { skip }, async () => {
    using scratch = createScratch();
    const driver = storageDrivers({ poolsDirectory: scratch.path }).find((one) => one.name === 'dir');
    const pool = await driver?.open({ name: 'pool', driver: 'dir', config: {} });
    if (!pool) throw new Error('no driver');
    const { disks } = pool;
    await disks.images.create('image', filled(1));
    await disks.createFromImage('a', 'image');
    await using open = await runDisk(scratch.path, await disks.chain({ id: 'a' }));
    await body({
      disks,
      running: open,
      place: scratch.file,
      layers: () => readdirSync(join(scratch.path, 'pool/disks/layers')).length,
      expect: (pattern, at = '0', snapshot) =>
        expectBytes(disks, { id: 'a', ...(snapshot ? { snapshot } : {}) }, pattern, at, '1M'),
    });
  });

running('a snapshot and a copy have what was written before, and nothing later', async ({ disks, running, expect }) => {
  await running.write(7, '0');
  await disks.snapshot('a', 's', running);
  await running.write(8, '0');
  await disks.copy({ id: 'a' }, 'b', running);
  await running.write(9, '0');
  await running.stop();
  await expect(9);
  await expect(7, '0', 's');
  await expectBytes(disks, { id: 'b' }, 8, '0', '1M');
});

running('a snapshot that was removed is merged by the QEMU that runs', async ({ disks, running, expect, layers }) => {
  for (const [index, snapshot] of ['one', 'two', 'three'].entries()) {
    await running.write(10 + index, `${index}M`);
    await disks.snapshot('a', snapshot, running);
  }
  await running.write(20, '3M');
  await disks.removeSnapshot('a', 'three');
  assert.equal(await disks.compact('a', running), 1);
  await running.write(21, '4M');
  await disks.removeSnapshot('a', 'one');
  assert.equal(layers(), 4);
  await running.stop();
  assert.equal(await disks.compact('a'), 1);
  assert.equal(layers(), 3);
  for (const [index, pattern] of [10, 11, 12, 20, 21, 0].entries()) await expect(pattern, `${index}M`);
  await expect(11, '1M', 'two');
  await expect(0, '2M', 'two');
});

running('a switch that is refused changes nothing, and the next one works', async ({ disks, running, expect }) => {
  await running.write(7, '0');
  const refusing = { switchTo: () => Promise.reject(new Error('no')) };
  await assert.rejects(disks.snapshot('a', 's', refusing), /no/);
  assert.deepEqual(await disks.snapshots('a'), []);
  await running.write(8, '1M');
  await disks.snapshot('a', 't', running);
  await running.write(9, '0');
  await running.stop();
  await expect(9);
  await expect(7, '0', 't');
  await expect(8, '1M', 't');
  await disks.compact('a');
  await expect(9);
  await expect(8, '1M');
});

running('a machine that ends after a refused switch has all that it wrote', async ({ disks, running, expect }) => {
  await assert.rejects(disks.snapshot('a', 's', { switchTo: () => Promise.reject(new Error('no')) }));
  await disks.grow('a', 128 * mib, running);
  await running.write(7, '0');
  await running.write(8, '100M');
  await running.stop();
  await expect(7);
  await expect(8, '100M');
  assert.equal(await disks.sizeBytes({ id: 'a' }), 128 * mib);
});

running('a disk grows under a running QEMU', async ({ disks, running, expect }) => {
  await disks.grow('a', 128 * mib, running);
  await running.write(7, '120M');
  assert.equal(await disks.sizeBytes({ id: 'a' }), 128 * mib);
  await running.stop();
  await expect(7, '120M');
});

running(
  'what wants a volume at rest is refused, and works when QEMU has stopped',
  async ({ disks, running, expect, layers, place }) => {
    const busy = { errno: 'EBUSY', message: /in use by a running QEMU/ };
    await running.write(7, '0');
    await disks.snapshot('a', 's', running);
    await assert.rejects(disks.restore('a', 's'), busy);
    await disks.removeSnapshot('a', 's');
    await disks.createFromImage('other', 'image');
    const before = layers();
    await assert.rejects(disks.compact('a'), busy);
    await assert.rejects(disks.snapshot('a', 't'), busy);
    await assert.rejects(disks.copy({ id: 'a' }, 'b'), busy);
    await assert.rejects(disks.copySnapshot({ id: 'a' }, { id: 'other', snapshot: 's' }), busy);
    await assert.rejects(disks.replace('a', 'other'), busy);
    await assert.rejects(disks.replace('other', 'a'), busy);
    await assert.rejects(disks.grow('a', 128 * mib), busy);
    await assert.rejects(disks.writeOut({ id: 'a' }, place('never'), { format: 'raw' }), busy);
    assert.equal(layers(), before);
    await running.write(8, '1M');
    await running.stop();
    assert.equal(await disks.compact('a'), 1);
    await disks.grow('a', 128 * mib);
    await expect(7);
    await expect(8, '1M');
  },
);
