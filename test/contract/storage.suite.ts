/** The laws of src/core/ports/storage.ts, for every driver. */
import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { IdRange } from '../../src/core/ports/id-range.ts';
import type { Pool, PoolConfig, StorageDriver } from '../../src/core/ports/storage.ts';
import { makeSample, stateOf } from './file-state.ts';

export type StorageUnderTest = {
  driver: StorageDriver;
  config: PoolConfig;
  /** Where the pool lies. */
  directory: string;
  /** A place for mount targets. */
  scratch: string;
  /** Mounts are real: they shift ids and can be read-only, and files have any owner. */
  realMounts: boolean;
  /** Volumes need their image's tree for as long as they live. */
  sharedTrees: boolean;
} & AsyncDisposable;

const range: IdRange = { base: 1_000_000, size: 65_536 };
const otherRange: IdRange = { base: 2_000_000, size: 65_536 };

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
    poolLaws(law);
  });
}

type Law = (title: string, body: (room: Room) => Promise<void>) => void;
type Room = ReturnType<typeof createRoom>;

function createRoom(under: StorageUnderTest, pool: Pool) {
  const base = under.realMounts ? range.base : 0;
  /** Shows a volume to `look` while it is mounted. */
  async function seen<T>(
    id: string,
    look: (root: string) => T,
    options: { range?: IdRange; snapshot?: string; readOnly?: boolean } = { range },
  ): Promise<T> {
    const target = mkdtempSync(join(under.scratch, 'target-'));
    await pool.volumes.mount(id, target, options);
    try {
      return look(target);
    } finally {
      await pool.volumes.unmount(target);
      rmSync(target, { recursive: true });
    }
  }
  /** What the guest would see: owners as inside. */
  const state = (id: string, snapshot?: string) =>
    seen(id, (root) => stateOf(root, base), { range, ...(snapshot ? { snapshot } : {}) });
  const write = (id: string, file: string, text: string) => seen(id, (root) => writeFileSync(join(root, file), text));
  const read = (id: string, file: string, snapshot?: string) =>
    seen(id, (root) => readFileSync(join(root, file), 'utf8'), { range, ...(snapshot ? { snapshot } : {}) });
  return { under, pool, volumes: pool.volumes, images: pool.images, base, seen, state, write, read };
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

function volumeLaws(law: Law): void {
  law('a volume shows its image, shifted into the range', async ({ under, state, volumes }) => {
    await volumes.createFromImage('a', 'image');
    const sample = mkdtempSync(join(under.scratch, 'sample-'));
    makeSample(sample, { privileged: under.realMounts });
    const expected = stateOf(sample);
    const got = await state('a');
    for (const [name, file] of Object.entries(expected)) {
      if (name === '.') continue;
      assert.deepEqual({ ...(got[name] as object), capability: 0 }, { ...(file as object), capability: 0 }, name);
    }
  });

  law(
    'what a guest writes survives unmount, copy, snapshot and restore',
    async ({ under, seen, state, volumes, base }) => {
      await volumes.createFromImage('a', 'image');
      await seen('a', (root) => {
        mkdirSync(join(root, 'srv'));
        makeSample(join(root, 'srv'), { privileged: under.realMounts, owner: (id) => base + id });
        writeFileSync(join(root, 'etc/hostname'), 'changed\n');
        unlinkSync(join(root, 'etc/remove-me'));
      });
      const written = await state('a');
      assert.equal(written['etc/remove-me'], undefined);
      const plain = await seen('a', (root) => stateOf(root), {});
      await volumes.copy({ id: 'a' }, 'b');
      assert.deepEqual(await state('b'), written);
      await volumes.snapshot('b', 's');
      await volumes.remove('a');
      assert.deepEqual(await state('b', 's'), written);
      await volumes.copy({ id: 'b', snapshot: 's' }, 'c');
      await seen('b', (root) => rmSync(join(root, 'srv'), { recursive: true }));
      await volumes.restore('b', 's');
      assert.deepEqual(await state('b'), written);
      assert.deepEqual(await state('c'), written);
      // Without a range: unshifted, capabilities readable.
      assert.deepEqual(await seen('c', (root) => stateOf(root), {}), plain);
    },
  );

  law('an image that a guest emptied stays empty in its copies', async ({ seen, volumes }) => {
    await volumes.createFromImage('a', 'image');
    await seen('a', (root) => {
      for (const entry of readdirSync(root)) rmSync(join(root, entry), { recursive: true });
      mkdirSync(join(root, 'etc'));
    });
    await volumes.copy({ id: 'a' }, 'b');
    await volumes.snapshot('b', 's');
    for (const options of [{ range }, { range, snapshot: 's' }])
      assert.deepEqual(await seen('b', (root) => readdirSync(root, { recursive: true }), options), ['etc']);
  });

  law('a range may change between two mounts', async ({ under, seen, state, write, volumes, base }) => {
    if (!under.realMounts) return;
    await volumes.createFromImage('a', 'image');
    await write('a', 'etc/hostname', 'again');
    const before = await state('a');
    const after = await seen('a', (root) => stateOf(root, otherRange.base), { range: otherRange });
    assert.deepEqual(after, before);
    const small = { base: 3_000_000, size: 10_000 };
    assert.equal(await seen('a', (root) => lstatSync(join(root, 'home/user/one')).uid, { range: small }), 3_001_000);
    await seen('a', (root) => rmSync(join(root, 'home'), { recursive: true }), { range: otherRange });
    await seen('a', (root) => assert.equal(lstatSync(join(root, 'etc')).uid, base));
  });

  law('two volumes of one image do not see each other', async ({ seen, read, write, volumes }) => {
    await volumes.createFromImage('a', 'image');
    await volumes.createFromImage('b', 'image');
    await write('a', 'etc/hostname', 'a');
    assert.equal(await read('b', 'etc/hostname'), 'sample\n');
    await seen('a', (root) => rmSync(join(root, 'home'), { recursive: true }));
    await volumes.remove('a');
    assert.equal(await read('b', 'home/user/two'), 'linked');
  });

  law('an empty volume works without any image', async ({ images, read, write, volumes }) => {
    await images.remove('image');
    await volumes.createEmpty('a');
    await write('a', 'file', 'x');
    await volumes.snapshot('a', 's');
    await write('a', 'file', 'y');
    assert.equal(await read('a', 'file', 's'), 'x');
    await volumes.copy({ id: 'a', snapshot: 's' }, 'b');
    assert.equal(await read('b', 'file'), 'x');
  });

  law('a read-only mount refuses writes and shows what was written', async ({ under, seen, write, volumes }) => {
    if (!under.realMounts) return;
    await volumes.createFromImage('a', 'image');
    await volumes.createEmpty('e');
    for (const id of ['a', 'e']) {
      await write(id, 'file', 'x');
      await seen(
        id,
        (root) => {
          assert.throws(() => writeFileSync(join(root, 'file'), 'y'), { code: 'EROFS' });
          assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'x');
        },
        { range, readOnly: true },
      );
    }
  });

  law('removing and unmounting what is absent succeeds', async ({ under, volumes }) => {
    await volumes.remove('nobody');
    await volumes.removeSnapshot('nobody', 'nothing');
    await volumes.unmount(under.scratch);
    await volumes.unmount(join(under.scratch, 'no-such'));
  });

  law('what exists is never replaced, what is absent is named', async ({ under, volumes }) => {
    await volumes.createFromImage('a', 'image');
    await volumes.snapshot('a', 's');
    await assert.rejects(volumes.createFromImage('a', 'image'), { name: 'HostError', errno: 'EEXIST' });
    await assert.rejects(volumes.createEmpty('a'), { name: 'HostError', errno: 'EEXIST' });
    await assert.rejects(volumes.copy({ id: 'a' }, 'a'), { name: 'HostError', errno: 'EEXIST' });
    await assert.rejects(volumes.snapshot('a', 's'), { name: 'HostError', errno: 'EEXIST' });
    await assert.rejects(volumes.snapshot('b', 's'), /volume b/);
    await assert.rejects(volumes.copy({ id: 'a', snapshot: 't' }, 'c'), /snapshot t of volume a/);
    await assert.rejects(volumes.restore('a', 't'), /snapshot t of volume a/);
    await assert.rejects(volumes.mount('b', under.scratch, { range }), /volume b/);
    await assert.rejects(volumes.usage('b'), /volume b/);
    assert.deepEqual(await volumes.list(), ['a']);
  });

  law('names that would lead out of the pool are refused', async ({ volumes }) => {
    for (const id of ['', '.', '..', '../x', 'a/b', '.tmp-1', '/etc', 'a\0b'])
      await assert.rejects(volumes.createEmpty(id), { name: 'HostError' }, JSON.stringify(id));
    await volumes.createEmpty('a');
    await assert.rejects(volumes.snapshot('a', '../../volumes/b'), { name: 'HostError' });
    assert.deepEqual(await volumes.list(), ['a']);
  });

  law('an aborted call leaves nothing behind', async ({ volumes, pool, write }) => {
    await volumes.createFromImage('a', 'image');
    await write('a', 'file', 'x'.repeat(1_000_000));
    const before = AbortSignal.abort(new Error('stop'));
    await assert.rejects(volumes.createFromImage('b', 'image', { signal: before }), /stop/);
    for (const delay of [0, 1, 2, 3]) {
      const aborting = new AbortController();
      const copy = volumes.copy({ id: 'a' }, `c${delay}`, { signal: aborting.signal });
      const turn = () => new Promise(setImmediate);
      for (let step = 0; step < delay * 3; step += 1) await turn();
      aborting.abort(new Error('stop'));
      const ended = await copy.then(
        () => 'whole',
        () => 'nothing',
      );
      assert.equal((await volumes.list()).includes(`c${delay}`), ended === 'whole');
    }
    await pool.sweep();
  });
}

function snapshotLaws(law: Law): void {
  law('snapshots are listed by their volume and go with it', async ({ volumes }) => {
    await volumes.createFromImage('a', 'image');
    assert.deepEqual(await volumes.snapshots('a'), []);
    await volumes.snapshot('a', 's1');
    await volumes.snapshot('a', 's2');
    assert.deepEqual(await volumes.snapshots('a'), ['s1', 's2']);
    await volumes.removeSnapshot('a', 's1');
    assert.deepEqual(await volumes.snapshots('a'), ['s2']);
    await volumes.remove('a');
    assert.deepEqual(await volumes.snapshots('a'), []);
    await volumes.createFromImage('a', 'image');
    assert.deepEqual(await volumes.snapshots('a'), []);
  });

  law('a snapshot is independent of its volume and read-only', async ({ under, seen, read, write, volumes }) => {
    await volumes.createFromImage('a', 'image');
    await write('a', 'etc/hostname', 'first');
    await volumes.snapshot('a', 's');
    await write('a', 'etc/hostname', 'second');
    assert.equal(await read('a', 'etc/hostname', 's'), 'first');
    if (under.realMounts) {
      const look = (root: string) => writeFileSync(join(root, 'x'), '');
      await assert.rejects(seen('a', look, { range, snapshot: 's' }), { code: 'EROFS' });
    }
    await volumes.restore('a', 's');
    assert.equal(await read('a', 'etc/hostname'), 'first');
    await write('a', 'etc/hostname', 'third');
    assert.equal(await read('a', 'etc/hostname', 's'), 'first');
    await volumes.removeSnapshot('a', 's');
    assert.equal(await read('a', 'etc/hostname'), 'third');
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
