/** What daemon and relay say to each other: one JSON value per line, an answer for each call, in order. */
import type { ProxySpec } from '../core/ports/proxies.ts';

export type RelayCall =
  | { do: 'start'; spec: ProxySpec }
  | { do: 'stop'; guest: string; device: string }
  | { do: 'list' };
export type RelayAnswer = { error?: string; errno?: string | undefined; proxies?: ProxySpec[] };
