import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLocalServer } from './socket-path.ts';

const home = { HOME: '/home/anna' };
const own = '/home/anna/.local/share/gasthof';
const system = '/var/lib/gasthof';
const find = (env: Record<string, string>, uid: number, there: string[] = []) =>
  findLocalServer({ env, uid, usable: (path) => there.includes(path), exists: (path) => there.includes(path) });

test('what the environment names comes first, for everybody', () => {
  assert.equal(find({ ...home, GASTHOF_SOCKET: '/x/s', GASTHOF_DIR: '/y' }, 1000).socketPath, '/x/s');
  assert.deepEqual(find({ ...home, GASTHOF_DIR: '/y/' }, 0), {
    socketPath: '/y/unix.socket',
    directory: '/y',
    whose: 'named',
    others: [],
  });
});

test('root means the system’s daemon', () => {
  assert.equal(find(home, 0, [`${own}/gasthof.db`]).directory, system);
});

test('a user means the own daemon once there is one, else the system’s where it may be used, else a new one (A03)', () => {
  const socket = `${system}/unix.socket`;
  assert.equal(find(home, 1000).directory, own);
  assert.equal(find(home, 1000, [socket]).directory, system);
  assert.deepEqual(find(home, 1000, [socket, `${own}/gasthof.db`]).others, [system]);
  assert.equal(find(home, 1000, [socket, `${own}/gasthof.db`]).whose, 'own');
  assert.equal(find({ ...home, XDG_DATA_HOME: '/data' }, 1000).directory, '/data/gasthof');
  assert.equal(find({}, 1000).directory, system);
});
