/** The laws of volumes and snapshots, part of storage.suite.ts. */
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
import { makeSample, stateOf } from './file-state.ts';
import { type Law, range } from './storage-room.ts';

const otherRange = { base: 2_000_000, size: 65_536 };

export function volumeLaws(law: Law): void {
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

  law('a volume is filled by the caller, and appears when it is whole', async ({ under, state, seen, volumes }) => {
    const fill = async (root: string) => {
      makeSample(root, { privileged: under.realMounts });
      assert.deepEqual(await volumes.list(), []);
    };
    await volumes.create({ id: 'a' }, fill);
    await volumes.copy({ id: 'a' }, 'b');
    const made = await state('a');
    assert.ok(made['etc/hostname']);
    assert.deepEqual(await state('b'), made);
    await seen('a', (root) => writeFileSync(join(root, 'file'), 'x'));
    await assert.rejects(
      volumes.create({ id: 'a' }, async () => {}),
      { name: 'HostError', errno: 'EEXIST' },
    );
    const broken = async (root: string) => {
      writeFileSync(join(root, 'half'), '');
      throw new Error('no more');
    };
    await assert.rejects(volumes.create({ id: 'c' }, broken), /no more/);
    await assert.rejects(volumes.create({ id: 'a', snapshot: 's' }, broken), /no more/);
    assert.deepEqual(await volumes.list(), ['a', 'b']);
    assert.deepEqual(await volumes.snapshots('a'), []);
  });

  law('what another volume holds is copied from where it is mounted', async ({ under, seen, state, volumes, base }) => {
    await volumes.createFromImage('a', 'image');
    await seen('a', (root) => {
      mkdirSync(join(root, 'srv'));
      makeSample(join(root, 'srv'), { privileged: under.realMounts, owner: (id) => base + id });
      unlinkSync(join(root, 'etc/remove-me'));
    });
    const target = mkdtempSync(join(under.scratch, 'target-'));
    await volumes.mount('a', target, { readOnly: true });
    await volumes.copyFrom(target, { id: 'b' });
    await volumes.copyFrom(target, { id: 'b', snapshot: 's' });
    await volumes.unmount(target);
    const expected = await state('a');
    await volumes.remove('a');
    assert.deepEqual(await state('b'), expected);
    assert.deepEqual(await state('b', 's'), expected);
  });

  law('a volume takes the place of another, whose snapshots stay', async ({ read, write, volumes }) => {
    await volumes.createFromImage('a', 'image');
    await write('a', 'file', 'old');
    await volumes.snapshot('a', 's');
    await volumes.createFromImage('b', 'image');
    await volumes.snapshot('b', 'gone');
    await write('b', 'file', 'new');
    await volumes.replace('a', 'b');
    assert.equal(await read('a', 'file'), 'new');
    assert.equal(await read('a', 'file', 's'), 'old');
    assert.deepEqual(await volumes.list(), ['a']);
    assert.deepEqual(await volumes.snapshots('a'), ['s']);
    await assert.rejects(volumes.replace('a', 'b'), /volume b/);
    assert.equal(await read('a', 'file'), 'new');
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

export function snapshotLaws(law: Law): void {
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

  law('a snapshot is copied to another volume, also before that volume is there', async (room) => {
    const { pool, read, write, volumes } = room;
    await volumes.createFromImage('a', 'image');
    await write('a', 'file', 'first');
    await volumes.snapshot('a', 's');
    await write('a', 'file', 'second');
    await volumes.copySnapshot({ id: 'a', snapshot: 's' }, { id: 'b', snapshot: 't' });
    await volumes.create({ id: 'b', snapshot: 'u' }, async (root) => writeFileSync(join(root, 'file'), 'made'));
    assert.deepEqual(await volumes.snapshots('b'), []);
    await volumes.copy({ id: 'a' }, 'b');
    assert.deepEqual(await volumes.snapshots('b'), ['t', 'u']);
    assert.equal(await read('b', 'file'), 'second');
    assert.equal(await read('b', 'file', 't'), 'first');
    await volumes.remove('a');
    assert.equal(await read('b', 'file', 't'), 'first');
    await volumes.restore('b', 'u');
    assert.equal(await read('b', 'file'), 'made');
    const twice = volumes.copySnapshot({ id: 'b' }, { id: 'b', snapshot: 't' });
    await assert.rejects(twice, { name: 'HostError', errno: 'EEXIST' });
    await volumes.copySnapshot({ id: 'b' }, { id: 'nobody', snapshot: 'x' });
    assert.deepEqual(await pool.sweep().then(() => volumes.snapshots('nobody')), []);
  });
}
