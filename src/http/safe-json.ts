/** JSON from outside: UTF-8 or refused, bounded in depth, without the keys that poison prototypes. */
import { fail } from '../api/errors.ts';

const poisonous = new Set(['__proto__', 'constructor', 'prototype']);

/** `maxValues` bounds lists and objects together: many tiny values cost far more time than their bytes suggest. */
export type JsonBounds = { maxDepth: number; maxValues: number };

export function parseJson(bytes: Uint8Array, bounds: JsonBounds): unknown {
  checkSize(bytes, bounds);
  const value = parse(decode(bytes));
  checkKeys(value);
  return value;
}

/** Counts brackets and commas outside strings before anything is built; this takes milliseconds for megabytes. */
function checkSize(bytes: Uint8Array, { maxDepth, maxValues }: JsonBounds): void {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === 0x22) inString = !inString;
    else if (inString) index += byte === 0x5c ? 1 : 0;
    else if (byte === 0x2c) values += 1;
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    if (depth > maxDepth) fail('request.invalid', { reason: `the body is nested deeper than ${maxDepth} levels` });
    if (values > maxValues) fail('request.invalid', { reason: `the body has more than ${maxValues} values` });
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return fail('request.invalid-json', { reason: 'it is not UTF-8 text' });
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail('request.invalid-json', { reason: error instanceof Error ? error.message : String(error) });
  }
}

function checkKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (poisonous.has(key)) fail('request.invalid', { reason: `the key "${key}" is not allowed` });
    checkKeys(inner);
  }
}
