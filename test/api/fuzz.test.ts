/** A thousand random requests over the whole route table: whatever they are, the server never answers with an error of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../../src/api/resources/operations.ts';
import type { Route } from '../../src/api/route.ts';
import { routes } from '../../src/api/routes.ts';
import { addImage, fromImage, live } from './house.ts';

const seed = Number(process.env.GASTHOF_FUZZ_SEED ?? 20_261_122);
const rounds = 1000;

/** Small and repeatable (mulberry32). */
function createRandom(start: number) {
  let state = start;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  return { below, pick };
}

const words = [
  'web',
  'other',
  'new',
  'default',
  'base',
  's0',
  'gastbr0',
  'net1',
  'lo',
  'eth0',
  'root',
  'memory',
  '',
  '..',
  '/',
];
const odd = [
  '\u0000',
  '‮',
  'a'.repeat(300),
  '💥',
  '\ud800',
  '__proto__',
  'constructor',
  'toString',
  '%2e%2e',
  "'; drop",
  '-1',
];
const values = [
  'true',
  '0',
  '-1',
  '1',
  '10%',
  '1GiB',
  '0-1',
  '10.77.0.9/24',
  '10.77.0.7',
  'fd77::9',
  'auto',
  'none',
  'nan',
];
const texts = [
  ...words,
  ...odd,
  ...values,
  'image',
  'copy',
  'start',
  'stop',
  'restart',
  'freeze',
  'unfreeze',
  'disk',
  'nic',
  'bridge',
];
const configKeys = [
  'limits.cpu',
  'limits.memory',
  'user.x',
  'boot.autostart',
  'volatile.eth0.hwaddr',
  'ipv4.address',
  'nosuch',
];

type Random = ReturnType<typeof createRandom>;

function anything(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 2 ? 5 : 8);
  if (kind < 2) return random.pick(texts);
  if (kind === 2) return random.pick([0, -1, 1, 1e300, 2 ** 53, 0.5]);
  if (kind === 3) return random.pick([true, false]);
  if (kind === 4) return null;
  if (kind === 5) return Array.from({ length: random.below(4) }, () => anything(random, depth + 1));
  if (kind === 6) return Object.fromEntries([[random.pick(configKeys), random.pick(values)]]);
  return Object.fromEntries(
    Array.from({ length: random.below(4) }, () => [random.pick(texts), anything(random, depth + 1)]),
  );
}

/** Mostly the fields that the schema has, mostly with values of a fitting kind. */
function bodyFor(random: Random, route: Route): unknown {
  if (!route.body || random.below(10) === 0) return anything(random);
  return valueFor(random, route.body as Schema, 0);
}

type Schema = {
  type?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  patternProperties?: Record<string, Schema>;
  const?: unknown;
};

/** Values that are often right where a field has this name. */
const likely: Record<string, readonly unknown[]> = {
  action: ['start', 'stop', 'restart', 'freeze', 'unfreeze'],
  force: [true],
  timeout: [1],
  name: ['new', 'other', 'web', 'net1', 's0', 's1', 'second'],
  type: ['image', 'copy', 'none', 'container', 'bridge'],
  alias: ['base'],
  target: ['0', 'base'],
  source: [{ type: 'image', alias: 'base' }, { type: 'none' }, { type: 'copy', source: 'web' }],
  restore: [undefined, 's0'],
  driver: ['memory'],
  command: [['true'], ['echo', 'x'], ['sh', '-c', 'exit 3']],
  profiles: [['default'], null, []],
  'wait-for-websocket': [false],
  'record-output': [false],
};

function fieldFor(random: Random, name: string, schema: Schema, depth: number): unknown {
  const fitting = Object.hasOwn(likely, name) ? likely[name] : undefined;
  return fitting && random.below(5) > 0 ? random.pick(fitting) : valueFor(random, schema, depth);
}

const likelyNames: [RegExp, readonly string[]][] = [
  [/instances/, ['web', 'other', 'new']],
  [/aliases/, ['base']],
  [/profiles/, ['default', 'new', 'web']],
  [/networks/, ['gastbr0', 'net1', 'lo']],
  [/storage-pools/, ['default', 'second']],
  [/projects/, ['default']],
];

function nameFor(random: Random, path: string, param: string): string {
  const [, names] = likelyNames.find(([pattern]) => pattern.test(path)) ?? [];
  if (random.below(6) === 0 || !names) return encodeURIComponent(random.pick(texts).toWellFormed()) || 'web';
  if (param === '{snapshot}') return random.pick(['s0', 's1']);
  return param === '{file}' ? random.pick(['lxc.log', 'console.log']) : random.pick(names);
}

function valueFor(random: Random, schema: Schema, depth: number): unknown {
  if (random.below(25) === 0 || depth > 6) return anything(random, 3);
  if (schema.anyOf) return valueFor(random, random.pick(schema.anyOf), depth + 1);
  if (schema.properties) {
    const kept = Object.entries(schema.properties).filter(
      ([name]) => schema.required?.includes(name) || random.below(4) === 0,
    );
    return Object.fromEntries(kept.map(([name, inner]) => [name, fieldFor(random, name, inner, depth + 1)]));
  }
  if (schema.patternProperties) {
    const inner = Object.values(schema.patternProperties)[0] ?? {};
    const keys = Array.from({ length: random.below(3) }, () =>
      random.pick([...configKeys, 'type', 'path', 'network', 'pool']),
    );
    return Object.fromEntries(keys.map((key) => [key, valueFor(random, inner, depth + 1)]));
  }
  if (schema.type === 'array')
    return Array.from({ length: random.below(3) }, () => valueFor(random, schema.items ?? {}, depth + 1));
  if (schema.type === 'integer' || schema.type === 'number') return random.pick([0, 1, 5, 80]);
  if (schema.type === 'boolean') return random.pick([true, false]);
  return schema.type === 'null' ? null : random.pick(texts);
}

const queries = [
  '',
  '',
  '',
  '',
  '?project=x',
  '',
  '',
  '',
  '?recursion=1',
  '?recursion=2',
  '?recursion=x',
  '?path=/etc',
  '?path=/x%00',
  '?project=default',
  '?filter=name%20eq%20web',
  '?filter=((',
  '?timeout=0',
  '?all-projects=true',
  '?force=1',
];

test(`random requests never meet an error of the server (seed ${seed})`, { timeout: 60_000 }, async () => {
  await using life = await live();
  const random = createRandom(seed);
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
  await life.must('POST', '/1.0/instances', fromImage('other'));
  // Waiting for ever and streaming are not what this is about.
  const skipped = /websocket|events|wait|shutdown/;
  const keys = Object.keys(routes).filter((key) => !skipped.test(key));
  const seen = new Map<number, number>();
  for (let round = 0; round < rounds; round++) {
    const key = random.pick(keys);
    const [method = 'GET', path = '/'] = key.split(' ');
    const route = (routes as Record<string, Route>)[key] as Route;
    const url = path.replace(/\{\w+\}/g, (param) => nameFor(random, path, param)) + random.pick(queries);
    const body = method === 'GET' || method === 'HEAD' ? undefined : JSON.stringify(bodyFor(random, route));
    const reply = await life.call(method, url, body, body === undefined ? {} : { 'Content-Type': 'application/json' });
    const what = `round ${round}: ${method} ${url} ${body ?? ''}`;
    assert.ok(reply.status < 500 || reply.status === 501, `${what}\n${reply.status} ${reply.text}`);
    seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
    // Websocket operations wait for a client that never comes.
    if (reply.status === 202 && (reply.json().metadata as Operation).class === 'task') {
      const ended = await life.call('GET', `${reply.json().operation}/wait?timeout=10`);
      const operation = ended.json().metadata as Operation;
      assert.notEqual(operation.err_code, 'internal', `${what}\n${operation.err}`);
    }
    assert.deepEqual(life.bugs, [], what);
  }
  assert.ok(
    (seen.get(200) ?? 0) > 50 && (seen.get(202) ?? 0) > 8 && (seen.get(400) ?? 0) > 50,
    JSON.stringify([...seen]),
  );
  // The house still works.
  assert.equal((await life.call('GET', '/1.0/instances?recursion=2')).status, 200);
  assert.equal((await life.call('GET', '/1.0/profiles?recursion=1')).status, 200);
});
