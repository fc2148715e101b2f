/** The laws of src/core/ports/disks.ts, for every driver. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { exchangeLaws } from './disks-exchange.suite.ts';
import { createDisksRoom, type DisksLaw, type DisksUnderTest, filled, mib } from './disks-room.ts';
import { snapshotLaws } from './disks-snapshots.suite.ts';
import { sizeLaws, volumeLaws } from './disks-volumes.suite.ts';

export function disksSuite(name: string, open: () => Promise<DisksUnderTest>, skip: string | false = false): void {
  const law: DisksLaw = (title, body) =>
    test(title, { skip }, async () => {
      await using under = await open();
      const room = createDisksRoom(under, await under.driver.open(under.config));
      await room.disks.images.create('image', filled(1));
      await body(room);
    });
  // Most of the time goes by in waiting for the disk.
  describe(`disks ${name}`, { concurrency: 4 }, () => {
    imageLaws(law);
    volumeLaws(law);
    snapshotLaws(law);
    sizeLaws(law);
    exchangeLaws(law);
    poolLaws(law);
  });
}

function imageLaws(law: DisksLaw): void {
  law('an image disk appears when it is whole, and is not made again', async ({ disks }) => {
    await disks.images.create('second', async (path) => {
      await filled(2)(path);
      assert.deepEqual(await disks.images.list(), ['image']);
    });
    await disks.images.create('second', () => assert.fail('called'));
    assert.deepEqual(await disks.images.list(), ['image', 'second']);
    assert.equal(await disks.images.sizeBytes('second'), 64 * mib);
  });

  law('two creations of one image at once make one', async ({ disks, path }) => {
    await Promise.all([disks.images.create('twin', filled(2)), disks.images.create('twin', filled(2))]);
    assert.deepEqual(await disks.images.list(), ['image', 'twin']);
    assert.equal(readdirSync(path('layers')).length, 2);
  });

  law('a fill that fails, is called off, or makes no whole disk leaves nothing', async ({ disks, path }) => {
    const failing = async (file: string) => {
      await filled(2)(file);
      throw new Error('no more');
    };
    await assert.rejects(disks.images.create('bad', failing), /no more/);
    const aborting = new AbortController();
    const late = async (file: string) => {
      await filled(2)(file);
      aborting.abort(new Error('stop'));
    };
    await assert.rejects(disks.create({ id: 'bad' }, late, { signal: aborting.signal }), /stop/);
    const backed = async (file: string) => {
      execFileSync('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/shadow', file, '1M']);
    };
    await assert.rejects(disks.create({ id: 'bad' }, backed), /differs from the file "\/etc\/shadow"/);
    await assert.rejects(
      disks.create({ id: 'bad' }, async (file) => writeFileSync(file, 'no disk')),
      /not of the format/,
    );
    assert.deepEqual([await disks.images.list(), await disks.list()], [['image'], []]);
    assert.equal(readdirSync(path('layers')).length, 1);
  });

  law('an image disk goes at once; volumes that stand on it keep its bytes', async ({ disks, path, expect }) => {
    await disks.createFromImage('a', 'image');
    await disks.images.remove('image');
    await disks.images.remove('image');
    assert.deepEqual(await disks.images.list(), []);
    await expect({ id: 'a' }, 1);
    await assert.rejects(disks.createFromImage('b', 'image'), /image image has no disk/);
    await disks.remove('a');
    assert.deepEqual(readdirSync(path('layers')), []);
  });
}

function poolLaws(law: DisksLaw): void {
  law('I1: everything below the pool is closed to other users', async ({ under, disks, path, write }) => {
    await disks.createFromImage('a', 'image');
    await write('a', 7);
    await disks.snapshot('a', 's');
    assert.equal(lstatSync(under.directory).mode & 0o777, 0o700);
    for (const layer of readdirSync(path('layers')))
      assert.equal(statSync(path('layers', layer, 'disk.qcow2')).mode & 0o777, 0o600, layer);
  });

  law('a file that leads QEMU elsewhere is not handed out', async ({ disks, path }) => {
    await disks.createFromImage('a', 'image');
    const [head] = await disks.chain({ id: 'a' });
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      `data_file=${path('..', 'data')}`,
      head.path,
      '64M',
    ]);
    await assert.rejects(disks.chain({ id: 'a' }), /data lie in another file/);
    await assert.rejects(disks.snapshot('a', 's'), /data lie in another file/);
  });

  law('a name that a guest has written into its head leads nowhere', async ({ disks, under, expect, path }) => {
    await disks.createFromImage('a', 'image');
    const secret = join(under.scratch, 'secret');
    await filled(66)(secret);
    const [head] = await disks.chain({ id: 'a' });
    execFileSync('qemu-img', ['rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', secret, head.path]);
    await expect({ id: 'a' }, 1);
    await disks.writeOut({ id: 'a' }, join(under.scratch, 'out'), { format: 'raw' });
    assert.equal(readFileSync(join(under.scratch, 'out'))[0], 1);
    await disks.snapshot('a', 's');
    assert.equal(readdirSync(path('layers')).length, 2);
    await expect({ id: 'a', snapshot: 's' }, 1);
  });

  law('sweep clears what was left behind and nothing else', async ({ under, pool, disks, path, expect }) => {
    await disks.createFromImage('a', 'image');
    await disks.snapshot('a', 's');
    await pool.sweep();
    mkdirSync(path('layers/orphan'));
    writeFileSync(path('layers/orphan/disk.qcow2'), 'x');
    mkdirSync(path('snapshots/nobody'));
    symlinkSync('../../layers/orphan', path('snapshots/nobody/s'));
    mkdirSync(join(under.directory, '.tmp-1'));
    assert.deepEqual(
      (await pool.sweep()).filter((name) => !name.startsWith('.trash')),
      ['.tmp-1', 'disks/snapshots/nobody', 'disks/layers/orphan'],
    );
    await expect({ id: 'a', snapshot: 's' }, 1);
    assert.equal(readdirSync(path('layers')).length, 2);
    await pool.sweep();
    assert.deepEqual(await pool.sweep(), []);
  });

  law('a sweep does not disturb what is being made', async ({ disks, pool, expect }) => {
    await disks.create({ id: 'a' }, async (file) => {
      await pool.sweep();
      await filled(3)(file);
      await pool.sweep();
    });
    const work = Array.from({ length: 10 }, (_, index) => disks.createFromImage(`v${index}`, 'image'));
    await Promise.all([...work, pool.sweep(), disks.sweep(), pool.sweep()]);
    assert.equal((await disks.list()).length, 11);
    for (const id of ['v0', 'v9']) await expect({ id }, 1);
    await expect({ id: 'a' }, 3);
  });

  law('removing beside making leaves exactly what has a name', async ({ disks, path }) => {
    const life = async (id: string) => {
      await disks.createFromImage(id, 'image');
      await disks.snapshot(id, 's');
      await disks.copy({ id }, `${id}-copy`);
      await disks.remove(id);
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => life(`v${index}`)));
    const used = new Set<string>();
    for (const id of await disks.list()) for (const file of await disks.chain({ id })) used.add(file.path);
    assert.equal((await disks.list()).length, 8);
    assert.deepEqual(readdirSync(path('layers')).sort(), [...used].map((file) => file.split('/').at(-2)).sort());
  });

  law('a pool opens again, also at another place, with all that it held', async ({ under, disks, write }) => {
    await disks.createFromImage('a', 'image');
    await write('a', 7);
    await disks.snapshot('a', 's');
    const moved = join(under.scratch, 'moved');
    execFileSync('cp', ['-a', under.directory, moved]);
    const again = await under.driver.open({ ...under.config, config: { source: moved } });
    assert.deepEqual([await again.disks.list(), await again.disks.snapshots('a')], [['a'], ['s']]);
    const { expect } = createDisksRoom(under, again);
    await expect({ id: 'a' }, 7);
    const [head] = await again.disks.chain({ id: 'a' });
    assert.ok(head.path.startsWith(moved));
    execFileSync('qemu-img', ['info', '--backing-chain', head.path]);
    await again.disks.remove('a');
    await under.driver.destroy({ ...under.config, config: { source: moved } });
    assert.equal(lstatSync(moved, { throwIfNoEntry: false }), undefined);
  });
}
