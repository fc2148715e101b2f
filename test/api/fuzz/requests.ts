/** Random requests from the contract: mostly the fields that a schema has, mostly with values of a fitting kind. */
import type { Route } from '../../../src/api/route.ts';
import { routes } from '../../../src/api/routes.ts';
import type { Random } from './random.ts';
import { configKeys, deviceKeys, likely, likelyNames, likelyParams, queries, texts } from './words.ts';

export type Schema = {
  type?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  patternProperties?: Record<string, Schema>;
  const?: unknown;
};
export type FuzzRequest = { method: string; path: string; route: Route; url: string; body: unknown };

/** Waiting for ever and streaming are not what this is about. */
const endless = /websocket|events|wait|shutdown|sftp/;
const keys = Object.keys(routes).filter((key) => !endless.test(key));

/** One after the other, so that each has its share. */
export function routeAt(round: number): { method: string; path: string; route: Route } {
  const key = keys[round % keys.length] ?? 'GET /';
  const [method = 'GET', path = '/'] = key.split(' ');
  return { method, path, route: (routes as Record<string, Route>)[key] as Route };
}

export function randomRequest(random: Random, round: number): FuzzRequest {
  const { method, path, route } = routeAt(round);
  // Most of what is there has to stay, or all that follows finds nothing.
  const target = method === 'DELETE' && !random.once(4) ? path.replace(/\{\w+\}$/, 'nosuch') : path;
  const url = urlFor(random, target) + random.pick(queries);
  return { method, path, route, url, body: method === 'GET' || method === 'HEAD' ? undefined : bodyFor(random, route) };
}

export const urlFor = (random: Random, path: string): string =>
  path.replace(/\{\w+\}/g, (param) => nameFor(random, path, param));

function nameFor(random: Random, path: string, param: string): string {
  const names = likelyParams[param] ?? likelyNames.find(([pattern]) => pattern.test(path))?.[1];
  if (names && !random.once(6)) return random.pick(names);
  return encodeURIComponent(random.pick(texts).toWellFormed()) || 'web';
}

export function bodyFor(random: Random, route: Route): unknown {
  if (!route.body || random.once(10)) return anything(random);
  return valueFor(random, route.body as Schema, 0);
}

export function anything(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 2 ? 5 : 8);
  if (kind < 2) return random.pick(texts);
  if (kind === 2) return random.pick([0, -1, 1, 1e300, 2 ** 53, 0.5]);
  if (kind === 3) return random.pick([true, false]);
  if (kind === 4) return null;
  if (kind === 5) return Array.from({ length: random.below(4) }, () => anything(random, depth + 1));
  if (kind === 6) return { [random.pick(configKeys)]: random.pick(texts) };
  return Object.fromEntries(
    Array.from({ length: random.below(4) }, () => [random.pick(texts), anything(random, depth + 1)]),
  );
}

function fieldFor(random: Random, name: string, schema: Schema, depth: number): unknown {
  const fitting = Object.hasOwn(likely, name) ? likely[name] : undefined;
  return fitting && !random.once(5) ? random.pick(fitting) : valueFor(random, schema, depth);
}

export function valueFor(random: Random, schema: Schema, depth: number): unknown {
  if (random.once(25) || depth > 6) return anything(random, 3);
  if (schema.anyOf) return valueFor(random, random.pick(schema.anyOf), depth + 1);
  if (schema.properties) {
    const kept = Object.entries(schema.properties).filter(
      ([name]) => schema.required?.includes(name) || random.once(4),
    );
    return Object.fromEntries(kept.map(([name, inner]) => [name, fieldFor(random, name, inner, depth + 1)]));
  }
  if (schema.patternProperties) {
    const inner = Object.values(schema.patternProperties)[0] ?? {};
    const names = Array.from({ length: random.below(3) }, () => random.pick([...configKeys, ...deviceKeys]));
    return Object.fromEntries(names.map((name) => [name, valueFor(random, inner, depth + 1)]));
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.type === 'array')
    return Array.from({ length: random.below(3) }, () => valueFor(random, schema.items ?? {}, depth + 1));
  if (schema.type === 'integer' || schema.type === 'number') return random.pick([0, 1, 5, 80]);
  if (schema.type === 'boolean') return random.pick([true, false]);
  return schema.type === 'null' ? null : random.pick(texts);
}
