/** Fingerprints of JSON values: equal content gives an equal tag, whatever the order of the members. */
import { createHash } from 'node:crypto';

/** JSON with members in the order of their names; undefined members are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_member, inner: unknown) => (isObject(inner) ? sorted(inner) : inner)) ?? 'null';
}

/** SHA-256 in hexadecimal, as Incus sends it. */
export function etagOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(object: Record<string, unknown>): Record<string, unknown> {
  // Members whose names are numbers always come first, in every object: that is an order as well.
  const entries = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
