/** Laws of src/core/ports/disks.ts about snapshots, and the layers that they leave. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { type DisksLaw, filled, mib } from './disks-room.ts';

export function snapshotLaws(law: DisksLaw): void {
  law('snapshots keep their state; restoring takes it back', async ({ disks, write, expect }) => {
    await disks.createFromImage('a', 'image');
    await disks.snapshot('a', 'zero');
    await write('a', 7);
    await disks.snapshot('a', 'one');
    await write('a', 8);
    await disks.restore('a', 'one');
    await expect({ id: 'a' }, 7);
    await disks.restore('a', 'zero');
    await expect({ id: 'a' }, 1);
    await expect({ id: 'a', snapshot: 'one' }, 7);
    assert.deepEqual(await disks.snapshots('a'), ['one', 'zero']);
    await disks.copy({ id: 'a', snapshot: 'one' }, 'b');
    await disks.copySnapshot({ id: 'a', snapshot: 'one' }, { id: 'b', snapshot: 'kept' });
    await disks.remove('a');
    await expect({ id: 'b' }, 7);
    await expect({ id: 'b', snapshot: 'kept' }, 7);
  });

  law('a snapshot is never written', async ({ disks }) => {
    await disks.createFromImage('a', 'image');
    await disks.snapshot('a', 's');
    assert.ok((await disks.chain({ id: 'a', snapshot: 's' })).every(({ readOnly }) => readOnly));
  });

  law('a snapshot in the middle goes: at once by name, its bytes when the volume is compacted', async (room) => {
    const { disks, write, expect, path } = room;
    await disks.createFromImage('a', 'image');
    for (const [index, snapshot] of ['one', 'two', 'three'].entries()) {
      await write('a', 10 + index, `${index}M`);
      await disks.snapshot('a', snapshot);
    }
    await write('a', 20, '10M');
    await disks.removeSnapshot('a', 'two');
    assert.deepEqual(await disks.snapshots('a'), ['one', 'three']);
    assert.equal(readdirSync(path('layers')).length, 5);
    assert.equal(await disks.compact('a'), 1);
    assert.equal(readdirSync(path('layers')).length, 4);
    assert.equal(await disks.compact('a'), 0);
    await disks.removeSnapshot('a', 'one');
    await disks.removeSnapshot('a', 'three');
    assert.equal(await disks.compact('a'), 2);
    assert.equal((await disks.chain({ id: 'a' })).length, 2);
    for (const index of [0, 1, 2]) await expect({ id: 'a' }, 10 + index, `${index}M`);
    await expect({ id: 'a' }, 20, '10M');
    await expect({ id: 'a' }, 0, '11M');
    // By the names in the headers, too: whoever looks at a pool with qemu-img sees what is there.
    const [head] = await disks.chain({ id: 'a' });
    execFileSync('qemu-img', ['check', '-q', '-f', 'qcow2', head.path]);
    execFileSync('qemu-img', ['info', '--backing-chain', head.path]);
  });

  law('layers that another volume stands on are not merged', async ({ disks, write, expect }) => {
    await disks.createFromImage('a', 'image');
    await write('a', 7);
    await disks.copy({ id: 'a' }, 'b');
    await write('b', 8);
    await disks.copy({ id: 'b' }, 'c');
    await disks.remove('a');
    assert.equal(await disks.compact('b'), 0);
    await disks.remove('c');
    assert.ok((await disks.compact('b')) > 0);
    await expect({ id: 'b' }, 8);
  });

  law('a chain does not grow without end', async ({ disks, write, expect }) => {
    await disks.createFromImage('a', 'image');
    for (let index = 1; index <= 20; index += 1) {
      await write('a', index, `${index}M`);
      await disks.snapshot('a', `s${index}`);
    }
    const lengths = await Promise.all(
      (await disks.snapshots('a')).map(async (snapshot) => (await disks.chain({ id: 'a', snapshot })).length),
    );
    assert.ok(Math.max(...lengths) <= 17, `${lengths}`);
    await expect({ id: 'a' }, 1, '0');
    for (const index of [1, 9, 17, 20]) {
      await expect({ id: 'a', snapshot: 's20' }, index, `${index}M`);
      await expect({ id: 'a', snapshot: `s${index}` }, 0, `${index + 1}M`);
    }
  });

  law('snapshots may come before their volume, and are swept when it never comes', async ({ disks, expect }) => {
    await disks.create({ id: 'a', snapshot: 's' }, filled(4));
    assert.deepEqual([await disks.list(), await disks.snapshots('a')], [[], []]);
    await disks.copySnapshot({ id: 'a', snapshot: 's' }, { id: 'b', snapshot: 's' });
    await disks.createEmpty('a', mib);
    await expect({ id: 'a', snapshot: 's' }, 4);
    assert.deepEqual(await disks.sweep(), ['disks/snapshots/b']);
    assert.deepEqual(await disks.snapshots('a'), ['s']);
  });
}
