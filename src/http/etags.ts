/** ETags: the hash of what a PUT can change, so that counters and states never change it. */
import { fail } from '../api/errors.ts';
import type { Route } from '../api/route.ts';
import { etagOf } from '../lib/etag.ts';

/** The ETag of a reply of a route that has one, unquoted. */
export function replyEtag(fields: readonly string[], reply: unknown): string {
  const object = (reply ?? {}) as Record<string, unknown>;
  return etagOf(Object.fromEntries(fields.map((field) => [field, object[field]])));
}

/** The `checkMatch` of a call to `path`: it compares with the fields of the GET of the same path. */
export function matchCheck(
  routes: Record<string, Route>,
  path: string,
  header: string | undefined,
): (current: unknown) => void {
  return (current) => {
    if (header === undefined || header.trim() === '' || header.trim() === '*') return;
    const fields = routes[`GET ${path}`]?.etag;
    if (fields === undefined) return;
    const have = replyEtag(fields, current);
    if (!header.split(',').some((one) => bare(one) === have)) fail('request.etag', { have, got: bare(header) });
  };
}

/** Clients send the value quoted, bare or marked as weak. */
function bare(value: string): string {
  return value
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1');
}
