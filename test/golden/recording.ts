/** Recorded exchanges of real clients with a real Incus 6.0.4 (test/golden/recorded): what they are and how they are read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Frame = {
  dir: 'client' | 'server';
  op: 'text' | 'binary' | 'ping' | 'pong' | 'close' | 'cont';
  data?: string;
  /** Begin of what is not text, in hexadecimal. */
  head?: string;
  json?: unknown;
};

export type Exchange = {
  via: 'unix' | 'tls';
  method: string;
  url: string;
  user_agent?: string;
  request_headers?: Record<string, string>;
  request_body?: unknown;
  status: number;
  response_headers?: Record<string, string>;
  response_body?: unknown;
  websocket?: true;
  frames?: Frame[];
  /** How many of them were not kept. */
  frames_omitted?: number;
};

export type Recording = { name: string; command: string; pty?: boolean; exchanges: Exchange[] };

export function readRecording(name: string): Recording {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'recorded', `${name}.json`), 'utf8')) as Recording;
}

/** Bodies that were too large or not text were recorded by their beginning only. */
export const isCut = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && ('binary' in body || 'truncated' in body);

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
