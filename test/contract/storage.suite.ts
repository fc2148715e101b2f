/** The laws of src/core/ports/storage.ts, for every driver. */
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeSample } from './file-state.ts';
import { customLaws } from './storage-custom.suite.ts';
import { createRoom, type Law, type Room, type StorageUnderTest } from './storage-room.ts';
import { snapshotLaws, volumeLaws } from './storage-volumes.suite.ts';

export function storageSuite(name: string, open: () => Promise<StorageUnderTest>, skip: string | false = false): void {
  const law = (title: string, body: (room: Room) => Promise<void>) =>
    test(title, { skip }, async () => {
      await using under = await open();
      const pool = await under.driver.open(under.config);
      await pool.images.create('image', async (directory) => makeSample(directory, { privileged: under.realMounts }));
      await body(createRoom(under, pool));
    });

  describe(`storage ${name}`, () => {
    imageLaws(law);
    volumeLaws(law);
    snapshotLaws(law);
    customLaws(law);
    poolLaws(law);
  });
}

function imageLaws(law: Law): void {
  law('an image tree appears when it is whole', async ({ images }) => {
    await images.create('second', async (directory) => {
      writeFileSync(join(directory, 'file'), '');
      assert.deepEqual(await images.list(), ['image']);
    });
    assert.deepEqual(await images.list(), ['image', 'second']);
  });

  law('a failed or aborted fill leaves nothing behind', async ({ images, pool }) => {
    const bad = async (directory: string) => {
      writeFileSync(join(directory, 'half'), '');
      throw new Error('no more');
    };
    await assert.rejects(images.create('bad', bad), /no more/);
    const aborting = new AbortController();
    const late = images.create('bad', async () => aborting.abort(new Error('stop')), { signal: aborting.signal });
    await assert.rejects(late, /stop/);
    assert.deepEqual(await images.list(), ['image']);
    await pool.sweep();
  });

  law('an image that is there is not filled again', async ({ images }) => {
    await images.create('image', () => assert.fail('called'));
  });

  law('two creations of one image at once make one', async ({ images }) => {
    const fill = async (directory: string) => writeFileSync(join(directory, 'file'), '');
    await Promise.all([images.create('twin', fill), images.create('twin', fill)]);
    assert.deepEqual(await images.list(), ['image', 'twin']);
  });

  law('an image is not removed under its volumes and snapshots', async ({ under, images, volumes }) => {
    if (under.sharedTrees) {
      await volumes.createFromImage('a', 'image');
      await volumes.copy({ id: 'a' }, 'b');
      await volumes.remove('a');
      await assert.rejects(images.remove('image'), /in use by b/);
      await volumes.remove('b');
    }
    await images.remove('image');
    await images.remove('image');
    assert.deepEqual(await images.list(), []);
    await assert.rejects(volumes.createFromImage('c', 'image'), /image image/);
  });

  law('an image that is removed while a volume is made of it stays, or the volume is not made', async (room) => {
    const { images, volumes } = room;
    const results = await Promise.allSettled([volumes.createFromImage('a', 'image'), images.remove('image')]);
    const made = results[0].status === 'fulfilled';
    assert.deepEqual(await volumes.list(), made ? ['a'] : []);
    if (made) assert.equal(await room.read('a', 'etc/hostname'), 'sample\n');
  });
}

function poolLaws(law: Law): void {
  law('usage grows with what the guest writes', async ({ under, volumes, write }) => {
    await volumes.createFromImage('a', 'image');
    await volumes.copy({ id: 'a' }, 'b');
    const [empty] = await Promise.all([volumes.usage('a'), volumes.usage('b')]);
    await write('b', 'file', 'x'.repeat(1_000_000));
    await volumes.snapshot('b', 's');
    const grown = await volumes.usage('b', 's');
    assert.ok(grown - empty >= 1_000_000 && grown - empty < 1_100_000, `${empty} ${grown}`);
    if (under.sharedTrees) assert.ok(empty <= 64 * 1024, `${empty}`);
  });

  law('space tells the file system below', async ({ pool }) => {
    const space = await pool.space();
    assert.ok(space.totalBytes >= space.usedBytes && space.usedBytes > 0);
    assert.ok(space.totalInodes >= space.usedInodes);
  });

  law('I1: the pool is closed to other users', async ({ under }) => {
    assert.equal(lstatSync(under.directory).mode & 0o777, 0o700);
  });

  law('sweep clears what was left behind and nothing else', async ({ under, pool, volumes, state }) => {
    await volumes.createFromImage('a', 'image');
    await volumes.snapshot('a', 's');
    await pool.sweep();
    for (const name of ['.tmp-1', '.trash-2', 'snapshots/orphan']) {
      mkdirSync(join(under.directory, name, 'deep/er'), { recursive: true });
      writeFileSync(join(under.directory, name, 'deep/file'), 'x');
    }
    const before = await state('a');
    const cleared = await pool.sweep();
    assert.deepEqual(cleared.filter((name) => !/-.{36}$/.test(name)).sort(), [
      '.tmp-1',
      '.trash-2',
      'snapshots/orphan',
    ]);
    assert.deepEqual(await state('a'), before);
    assert.deepEqual(await volumes.snapshots('a'), ['s']);
    const left = readdirSync(under.directory).filter((name) => /^\.t/.test(name));
    assert.deepEqual(left, []);
    assert.deepEqual(await pool.sweep(), []);
  });

  law('a sweep does not disturb what is being made', async ({ images, pool }) => {
    await images.create('slow', async (directory) => {
      writeFileSync(join(directory, 'file'), '');
      await pool.sweep();
      assert.ok(lstatSync(join(directory, 'file')).isFile());
    });
  });

  law('a pool opens again with all that it held', async ({ under, volumes }) => {
    await volumes.createFromImage('a', 'image');
    await volumes.snapshot('a', 's');
    const again = await under.driver.open(under.config);
    assert.deepEqual(await again.images.list(), ['image']);
    assert.deepEqual(await again.volumes.list(), ['a']);
    assert.deepEqual(await again.volumes.snapshots('a'), ['s']);
  });

  law('destroy deletes the pool, and succeeds when it is gone', async ({ under, volumes }) => {
    await volumes.createFromImage('a', 'image');
    await under.driver.destroy(under.config);
    assert.throws(() => lstatSync(under.directory), { code: 'ENOENT' });
    await under.driver.destroy(under.config);
  });
}
