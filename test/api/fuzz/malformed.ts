/** Requests that are wrong whatever is there: made from sound ones by one mutation that no schema allows. */
import type { Random } from './random.ts';
import { type FuzzRequest, routeAt, type Schema, urlFor, valueFor } from './requests.ts';

export type Malformed = Pick<FuzzRequest, 'method' | 'url'> & { body: string | Buffer | undefined; how: string };

type Kind = 'string' | 'number' | 'boolean' | 'array' | 'object';
const samples: Record<Kind, readonly unknown[]> = {
  string: ['x', ''],
  number: [7, -1, 0.5, 1e300],
  boolean: [true],
  array: [[], [[{}]]],
  object: [{}, { x: [1] }],
};
const kinds = Object.keys(samples) as Kind[];

/** Undefined: a value of any kind is allowed here. */
function allowedKinds(schema: Schema): Set<string> | undefined {
  if (schema.anyOf) {
    const inner = schema.anyOf.map(allowedKinds);
    return inner.includes(undefined) ? undefined : new Set(inner.flatMap((set) => [...(set ?? [])]));
  }
  if (schema.const !== undefined) return new Set([typeof schema.const]);
  if (schema.type === undefined) return undefined;
  return new Set([schema.type === 'integer' ? 'number' : schema.type]);
}

function wrongValue(random: Random, schema: Schema): { value: unknown } | undefined {
  const allowed = allowedKinds(schema);
  const wrong = allowed && kinds.filter((kind) => !allowed.has(kind));
  return wrong && wrong.length > 0 ? { value: random.pick(samples[random.pick(wrong)]) } : undefined;
}

type Body = Record<string, unknown>;
type Mutation = (random: Random, body: Body, schema: Schema) => string | Buffer | undefined;

const text = (body: unknown): string => JSON.stringify(body);
const mutations: Record<string, Mutation> = {
  'a field of the wrong kind': (random, body, { properties = {} }) => {
    const name = random.pick(Object.keys(properties));
    const wrong = properties[name] && wrongValue(random, properties[name]);
    return wrong && text({ ...body, [name]: wrong.value });
  },
  'an unknown field': (random, body) =>
    text({ ...body, [random.pick(['nosuch', 'naem', '\u0000', 'a'.repeat(500)])]: 1 }),
  'a field that is missing': (random, body, { required = [] }) => {
    const name = required.length > 0 ? random.pick(required) : undefined;
    return name && text({ ...body, [name]: undefined });
  },
  'no object': (random) => text(random.pick([[], 'x', 7, true, [{}]])),
  'half a body': (random, body) => {
    const whole = text(body);
    return whole.slice(0, 1 + random.below(whole.length - 1));
  },
  'more than a body': (random, body) => text(body) + random.pick(['{}', ']', 'x', '\u0000']),
  'a forbidden key': (random, body) =>
    text(body)
      .replace('{', `{"${random.pick(['__proto__', 'constructor'])}":{},`)
      .replace(',}', '}'),
  'too deep': (random, body) => text(body).replace('{', `{"nosuch":${'['.repeat(100 + random.below(1000))},`),
  'no UTF-8': (_, body) =>
    Buffer.concat([Buffer.from(text(body).slice(0, -1)), Buffer.from(',"x":"\xff\xfe"}', 'latin1')]),
};
const names = Object.keys(mutations);

const badEndings = ['/nosuch-at-all', '//', '/..', '/%00', '/%zz'];
const badNames = ['%zz', '%c3%28', '%00', 'nosuch-at-all', '..%2f..%2fetc', 'a'.repeat(3000)];

/** A request with a body gets a broken one; one without gets a name or a path that cannot be. */
export function malformedRequest(random: Random, round: number): Malformed {
  const { method, path, route } = routeAt(round);
  const schema = route.body as Schema | undefined;
  if (schema?.properties && method !== 'GET')
    for (let tries = 0; tries < 20; tries++) {
      const body = valueFor(random, schema, 1);
      if (typeof body !== 'object' || body === null || Array.isArray(body)) continue;
      const how = random.pick(names);
      const broken = mutations[how]?.(random, body as Body, schema);
      if (broken !== undefined) return { method, url: urlFor(random, path), body: broken, how };
    }
  const params = path.match(/\{\w+\}/g) ?? [];
  if (params.length > 0) {
    const wrong = random.pick(params);
    const url = path.replace(wrong, random.pick(badNames));
    return { method, url: urlFor(random, url), body: undefined, how: `no such ${wrong}` };
  }
  const ending = random.pick(badEndings);
  return { method, url: path === '/' ? ending : path + ending, body: undefined, how: 'a path that is none' };
}
