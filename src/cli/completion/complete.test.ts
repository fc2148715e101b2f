import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Completes } from '../command.ts';
import { commands } from '../commands.ts';
import type { Context } from '../context.ts';
import { complete, files, wantedFor } from './complete.ts';

const names = {
  'GET /1.0/instances': ['/1.0/instances/web', '/1.0/instances/db'],
  'GET /1.0/images/aliases': ['/1.0/images/aliases/debian%2F12'],
};
const client = {
  call: async (key: string) => (key.endsWith('recipes') ? [{ alias: 'debian/13' }] : names[key as keyof typeof names]),
};
const context = { client } as unknown as Context;
const candidates = (line: string) => complete(context, commands, line.split(' '));
const kind = async (line: string): Promise<Completes | undefined> => {
  const wanted = await wantedFor(commands, line.split(' '));
  return 'completes' in wanted ? wanted.completes : undefined;
};

test('commands and verbs are completed from the table', async () => {
  assert.deepEqual(await candidates('sn'), ['snapshot']);
  assert.deepEqual(await candidates('snapshot re'), ['rename', 'restore']);
  assert.deepEqual(await candidates('profile device s'), ['set', 'show']);
  assert.deepEqual(await candidates('--debug li'), ['list']);
  assert.ok(!(await candidates('')).includes('__complete'));
});

test('options and their values', async () => {
  assert.deepEqual(await candidates('exec web --e'), ['--env']);
  assert.deepEqual(await candidates('list --format j'), ['json']);
  assert.deepEqual(await candidates('completion '), ['bash', 'fish', 'zsh']);
  assert.equal(await kind('launch debian/12 web -p '), 'profile');
  assert.equal(await kind('launch debian/12 web -c limits.'), 'config-key');
});

test('names come from the server, by what the argument is', async () => {
  assert.deepEqual(await candidates('stop w'), ['web']);
  assert.deepEqual(await candidates('start web d'), ['db']);
  assert.deepEqual(await candidates('launch deb'), ['debian/12', 'debian/13']);
  assert.equal(await kind('snapshot restore web '), 'snapshot');
  assert.deepEqual(await candidates('file push '), [files]);
});

test('a server that does not answer gives no candidates and no error', async () => {
  const broken = { client: { call: () => Promise.reject(new Error('no')) } } as unknown as Context;
  assert.deepEqual(await complete(broken, commands, ['stop', '']), []);
});
