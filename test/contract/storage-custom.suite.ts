/** The laws of custom volumes, part of storage.suite.ts. */
import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { makeSample, stateOf } from './file-state.ts';
import type { Law, Room } from './storage-room.ts';

const tree = (room: Room, id: string, snapshot?: string) =>
  room.pool.custom.path({ id, ...(snapshot ? { snapshot } : {}) }, 'filesystem');
const disk = (room: Room, id: string, snapshot?: string) =>
  room.pool.custom.path({ id, ...(snapshot ? { snapshot } : {}) }, 'block');
const read = (path: string) => readFileSync(path, 'utf8');

export function customLaws(law: Law): void {
  law('a custom volume is empty, passable, and keeps what is written through copies and snapshots', async (room) => {
    const { custom } = room.pool;
    await custom.createEmpty('a', { kind: 'filesystem' });
    assert.equal(lstatSync(tree(room, 'a')).mode & 0o7777, 0o711);
    makeSample(tree(room, 'a'), { privileged: room.under.realMounts });
    const written = stateOf(tree(room, 'a'));
    await custom.snapshot('a', 's');
    rmSync(join(tree(room, 'a'), 'etc'), { recursive: true });
    await custom.copy({ id: 'a', snapshot: 's' }, 'b');
    await custom.copySnapshot({ id: 'a', snapshot: 's' }, { id: 'b', snapshot: 't' });
    await custom.restore('a', 's');
    for (const path of [tree(room, 'a'), tree(room, 'a', 's'), tree(room, 'b'), tree(room, 'b', 't')])
      assert.deepEqual(stateOf(path), written, path);
    await custom.remove('a');
    assert.deepEqual([await custom.list(), await custom.snapshots('b')], [['b'], ['t']]);
    assert.deepEqual(stateOf(tree(room, 'b')), written);
    await custom.remove('b');
    assert.deepEqual(await custom.list(), []);
  });

  law('the top of a custom volume belongs to whom the caller names', async (room) => {
    if (!room.under.realMounts) return;
    await room.pool.custom.createEmpty('a', { kind: 'filesystem', uid: 1000, gid: 100, mode: 0o2770 });
    const { uid, gid, mode } = lstatSync(tree(room, 'a'));
    assert.deepEqual([uid, gid, mode & 0o7777], [1000, 100, 0o2770]);
  });

  law('a disk is a sparse file that is copied, grows and does not shrink', async (room) => {
    const { custom } = room.pool;
    const large = 64 * 2 ** 20;
    await custom.createEmpty('a', { kind: 'block', sizeBytes: large });
    const { size, blocks, mode } = statSync(disk(room, 'a'));
    assert.deepEqual([size, blocks * 512 < 65_536, mode & 0o777], [large, true, 0o600]);
    await custom.snapshot('a', 's');
    writeFileSync(disk(room, 'a'), 'x', { flag: 'r+' });
    await custom.copy({ id: 'a' }, 'b');
    await custom.restore('a', 's');
    assert.equal(readFileSync(disk(room, 'a'))[0], 0);
    assert.equal(readFileSync(disk(room, 'b'))[0], 'x'.charCodeAt(0));
    assert.ok(statSync(disk(room, 'b')).blocks * 512 < 65_536);
    await custom.grow('b', 2 * large);
    assert.equal(statSync(disk(room, 'b')).size, 2 * large);
    await assert.rejects(custom.grow('b', large), { name: 'HostError', message: /cannot be made smaller/ });
    const target = mkdtempSync(join(room.under.scratch, 'target-'));
    await assert.rejects(custom.mount('a', target, {}), { name: 'HostError', message: /holds a disk/ });
  });

  law('a custom volume appears when it is filled, and never half', async (room) => {
    const { custom } = room.pool;
    await custom.create({ id: 'a' }, 'filesystem', async (path) => {
      writeFileSync(join(path, 'file'), 'x');
      assert.deepEqual(await custom.list(), []);
    });
    await custom.create({ id: 'd' }, 'block', async (path) => {
      truncateSync(path, 1000);
    });
    assert.equal(read(join(tree(room, 'a'), 'file')), 'x');
    assert.equal(await custom.receive('i', Readable.from([Buffer.from('by'), Buffer.from('tes')])), 5);
    assert.equal(read(disk(room, 'i')), 'bytes');
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('b');
        throw new Error('no more');
      })(),
    );
    await assert.rejects(custom.receive('j', broken), /no more/);
    const bad = async () => {
      throw new Error('no more');
    };
    await assert.rejects(custom.create({ id: 'b' }, 'filesystem', bad), /no more/);
    await assert.rejects(custom.create({ id: 'a', snapshot: 's' }, 'filesystem', bad), /no more/);
    const stopped = { signal: AbortSignal.abort(new Error('stop')) };
    await assert.rejects(custom.createEmpty('b', { kind: 'filesystem' }, stopped), /stop/);
    await assert.rejects(custom.createEmpty('a', { kind: 'filesystem' }), { errno: 'EEXIST' });
    assert.deepEqual([await custom.list(), await custom.snapshots('a')], [['a', 'd', 'i'], []]);
  });

  law('content of another pool is copied with its snapshots', async (room) => {
    const { custom } = room.pool;
    const elsewhere = mkdtempSync(join(room.under.scratch, 'other-'));
    mkdirSync(join(elsewhere, 'root'));
    makeSample(join(elsewhere, 'root'), { privileged: room.under.realMounts });
    writeFileSync(join(elsewhere, 'disk'), 'bytes');
    await custom.copyFrom(join(elsewhere, 'root'), { id: 'a', snapshot: 's' });
    assert.deepEqual([await custom.list(), await custom.snapshots('a')], [[], []]);
    await custom.copyFrom(join(elsewhere, 'root'), { id: 'a' });
    await custom.copyFrom(join(elsewhere, 'disk'), { id: 'd' });
    assert.deepEqual(await custom.snapshots('a'), ['s']);
    assert.deepEqual(stateOf(tree(room, 'a', 's')), stateOf(join(elsewhere, 'root')));
    assert.equal(read(disk(room, 'd')), 'bytes');
  });

  law('custom volumes and volumes of guests have names of their own, and both are swept', async (room) => {
    const { custom, volumes } = room.pool;
    await volumes.createEmpty('a');
    await custom.createEmpty('a', { kind: 'filesystem' });
    await custom.createEmpty('b', { kind: 'filesystem' });
    mkdirSync(join(room.under.directory, 'custom-snapshots/gone/s'), { recursive: true });
    assert.ok((await room.pool.sweep()).includes('custom-snapshots/gone'));
    assert.deepEqual(readdirSync(join(room.under.directory, 'custom-snapshots')), []);
    assert.deepEqual([await custom.list(), await volumes.list()], [['a', 'b'], ['a']]);
    await volumes.remove('a');
    assert.deepEqual(await custom.list(), ['a', 'b']);
    assert.ok((await custom.usage('a')) >= 0);
    for (const id of ['..', 'a/b', ''])
      await assert.rejects(custom.createEmpty(id, { kind: 'filesystem' }), { name: 'HostError' }, id);
    await assert.rejects(custom.copyFrom(tree(room, 'a'), { id: 'a', snapshot: '../b' }), { name: 'HostError' });
  });
}
