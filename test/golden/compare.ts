/** Compares an answer with the recorded one: the same shape, and the same values where they are not of one server only. */

import type { Names } from './names.ts';
import { isObject } from './recording.ts';

export type Kind = 'missing' | 'extra' | 'type' | 'value' | 'length';
export type Difference = { path: string; kind: Kind; recorded: unknown; ours: unknown };

/** Texts whose value says nothing: points in time, addresses of cards, names of links. */
const ownTexts: readonly RegExp[] = [
  /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/,
  /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/,
  /^(veth|mac|g)[0-9a-z]{6,14}$/,
  /^\[\{"Isuid":.*Maprange.*\}\]$/,
  /^(fe80|fd42):[0-9a-f:]+(\/\d+)?$/,
];
/** Numbers that are part of the contract; all others are measurements. */
const fixedNumbers = /(^|\.)(status_code|error_code|creation_date|expiry_date|width|height|user|group|type|Nsid)$/;

export function compare(recorded: unknown, ours: unknown, names: Names): Difference[] {
  const found: Difference[] = [];
  const differ = (path: string, kind: Kind, a: unknown, b: unknown) => {
    found.push({ path, kind, recorded: a, ours: b });
  };
  const look = (path: string, a: unknown, b: unknown): void => {
    if (isRemark(a)) return;
    if (typeof a === 'string' && typeof b === 'string') {
      if (!names.matches(a, b) && !ownTexts.some((pattern) => pattern.test(a) && pattern.test(b)))
        differ(path, 'value', a, b);
    } else if (typeof a === 'number' && typeof b === 'number') {
      if (fixedNumbers.test(path) && a !== b) differ(path, 'value', a, b);
    } else if (Array.isArray(a) && Array.isArray(b)) lookAtList(path, a, b);
    else if (isObject(a) && isObject(b)) lookAtObject(path, a, b);
    else if (a !== b) differ(path, typeof a === 'boolean' && typeof b === 'boolean' ? 'value' : 'type', a, b);
  };
  const lookAtObject = (path: string, a: Record<string, unknown>, b: Record<string, unknown>) => {
    for (const [key, value] of Object.entries(a)) {
      const ourKey = names.here(key);
      const inner = path === '' ? key : `${path}.${key}`;
      if (Object.hasOwn(b, ourKey)) look(inner, value, b[ourKey]);
      else differ(inner, 'missing', value, undefined);
    }
    const known = new Set(Object.keys(a).map((key) => names.here(key)));
    for (const [key, value] of Object.entries(b))
      if (!known.has(key)) differ(path === '' ? key : `${path}.${key}`, 'extra', undefined, value);
  };
  const lookAtTexts = (path: string, a: string[], b: string[]) => {
    const left = [...b];
    const lacking = a.filter((text) => {
      const index = left.findIndex((candidate) => names.matches(text, candidate));
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
    if (lacking.length > 0) differ(`${path}[]`, 'missing', lacking, left);
    if (left.length > 0) differ(`${path}[]`, 'extra', lacking, left);
  };
  const lookAtList = (path: string, a: unknown[], b: unknown[]) => {
    if (a.length === 1 && isRemark(a[0])) return;
    if (isTexts(a) && isTexts(b)) return lookAtTexts(path, a, b);
    if (a.length !== b.length) differ(`${path}[]`, 'length', a.map(nameOf), b.map(nameOf));
    for (const [index, item] of a.entries()) {
      const partner = b.find((candidate) => nameOf(candidate) === nameOf(names.hereDeep(item))) ?? b[index];
      if (partner !== undefined) look(`${path}[]`, item, partner);
    }
  };
  look('', recorded, ours);
  return found;
}

/** What was too long or secret was recorded as a remark. */
const isRemark = (value: unknown): boolean => typeof value === 'string' && /^<.*>$/.test(value);

const isTexts = (list: unknown[]): list is string[] => list.every((item) => typeof item === 'string');

const naming = [
  'name',
  'Name',
  'fingerprint',
  'uuid',
  'hostname',
  'used_by',
  'address',
  'listen_address',
  'key',
  'class',
];

/** Lists are compared by name, where their items have one: their order follows identifiers. */
function nameOf(item: unknown): unknown {
  if (!isObject(item)) return item;
  for (const key of naming) if (typeof item[key] === 'string' && item[key] !== '') return item[key];
  return 'unnamed';
}
