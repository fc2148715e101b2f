/** Random requests over the whole route table: whatever they are, the server never answers with an error of its own. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { Operation } from '../../src/api/resources/operations.ts';
import { furnish } from './furnished.ts';
import { malformedRequest } from './fuzz/malformed.ts';
import { createRandom, seed } from './fuzz/random.ts';
import { randomRequest } from './fuzz/requests.ts';
import { everyDocument, type Life, live } from './house.ts';

const rounds = 1000;
/** The longest that anything in memory may take, with other tests beside it. */
const patienceMs = 10_000;

const json = { 'Content-Type': 'application/json' };

/** A reply, or a failure that says what hung. */
async function answered<T>(what: string, reply: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer: ${what}`)), patienceMs);
  try {
    return await Promise.race([reply, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function furnished(life: Life): Promise<void> {
  await furnish(life);
  assert.equal((await life.call('POST', '/1.0/projects', { name: 'shop' })).status, 201);
  const forward = { listen_address: '198.51.100.7' };
  assert.equal((await life.call('POST', '/1.0/networks/gastbr0/forwards', forward)).status, 201);
}

async function stillWorks(life: Life): Promise<void> {
  const lists = [
    'instances',
    'profiles',
    'images',
    'networks',
    'storage-pools',
    'projects',
    'certificates',
    'warnings',
  ];
  for (const list of lists) assert.equal((await life.call('GET', `/1.0/${list}?recursion=1`)).status, 200, list);
}

test(`random requests never meet an error of the server (seed ${seed})`, { timeout: 60_000 }, async (t) => {
  await using life = await live();
  const random = createRandom(seed);
  await furnished(life);
  const seen = new Map<number, number>();
  for (let round = 0; round < rounds; round++) {
    const { method, url, body: value } = randomRequest(random, round);
    const body = value === undefined ? undefined : JSON.stringify(value);
    const what = `round ${round}: ${method} ${url} ${body ?? ''}`;
    const reply = await answered(what, life.call(method, url, body, body === undefined ? {} : json));
    assert.ok(reply.status < 500 || reply.status === 501, `${what}\n${reply.status} ${reply.text}`);
    seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
    // Websocket operations wait for a client that never comes.
    if (reply.status === 202 && (reply.json().metadata as Operation).class === 'task') {
      const ended = await answered(what, life.call('GET', `${reply.json().operation}/wait?timeout=10`));
      const operation = ended.json().metadata as Operation;
      assert.notEqual(operation.err_code, 'internal', `${what}\n${operation.err}`);
    }
    assert.deepEqual(life.bugs, [], what);
  }
  t.diagnostic(`${rounds} answers by status: ${JSON.stringify(Object.fromEntries(seen))}`);
  for (const [status, least] of [
    [200, 100],
    [202, 10],
    [400, 100],
    [404, 50],
  ] as const)
    assert.ok((seen.get(status) ?? 0) > least, `${status}: ${seen.get(status)}`);
  await stillWorks(life);
});

test(`malformed requests get 4xx and change nothing (seed ${seed})`, { timeout: 60_000 }, async (t) => {
  await using life = await live();
  const random = createRandom(seed + 1);
  await furnished(life);
  const state = async () =>
    JSON.stringify([
      await everyDocument(life.world),
      await life.world.images.list(),
      readdirSync(life.world.mountDirectory, { recursive: true }).sort(),
      life.house.operations.list(undefined).filter(({ status_code: code }) => code < 200),
    ]);
  const before = await state();
  const seen = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const { method, url, body, how } = malformedRequest(random, round);
    const what = `round ${round} (${how}): ${method} ${url} ${String(body ?? '').slice(0, 2000)}`;
    const reply = await answered(what, life.call(method, url, body, body === undefined ? {} : json));
    assert.ok(
      (reply.status >= 400 && reply.status < 500) || reply.status === 501,
      `${what}\n${reply.status} ${reply.text}`,
    );
    if (method !== 'HEAD') assert.equal(reply.json().type, 'error', what);
    seen.set(`${reply.status}`, (seen.get(`${reply.status}`) ?? 0) + 1);
    assert.ok((await state()) === before, `something changed after ${what}`);
    assert.deepEqual(life.bugs, [], what);
  }
  t.diagnostic(`${rounds} answers by status: ${JSON.stringify(Object.fromEntries(seen))}`);
  await stillWorks(life);
});
