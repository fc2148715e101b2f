/** What all collections do alike: recursion, filter, page, project. */
import { fail } from '../api/errors.ts';
import type { ListQuery } from '../api/schema.ts';
import { FilterError, parseFilter } from '../lib/filter.ts';

/** Addresses for recursion 0, else the objects; the filter looks at the objects in both cases. */
export function listing<T>(items: readonly { url: string; object: () => T }[], query: ListQuery): (string | T)[] {
  const recursion = recursionOf(query);
  const filter = readFilter(query.filter);
  const page = pageOf(query);
  if (!filter && recursion < 1) return page(items).map((item) => item.url);
  const seen = (filter ? items : page(items)).map((item) => ({ url: item.url, object: item.object() }));
  const kept = filter ? page(seen.filter((item) => filter(item.object))) : seen;
  return kept.map((item) => (recursion >= 1 ? item.object : item.url));
}

/** Cuts the page that is asked for out of a whole list. */
export function pageOf(query: Pick<ListQuery, 'offset' | 'limit'>): <T>(items: readonly T[]) => readonly T[] {
  const offset = query.offset ? wholeNumber('offset', query.offset) : 0;
  const limit = query.limit ? wholeNumber('limit', query.limit) : undefined;
  if (offset === 0 && limit === undefined) return (items) => items;
  return (items) => items.slice(offset, limit === undefined ? undefined : offset + limit);
}

/** A parameter of at most so many digits. */
export function wholeNumber(name: string, text: string, digits = 9): number {
  return /^\d+$/.test(text) && text.length <= digits
    ? Number(text)
    : fail('request.invalid', { reason: `${name}: "${text}" is not a whole number` });
}

export function recursionOf(query: { recursion?: string }): number {
  const text = query.recursion || '0';
  return /^\d$/.test(text)
    ? Number(text)
    : fail('request.invalid', { reason: `recursion: "${text}" is not one of 0, 1, 2` });
}

/** Undefined when there is nothing to filter by. */
export function readFilter(text: string | undefined): ((object: unknown) => boolean) | undefined {
  if (!text) return undefined;
  try {
    return parseFilter(text);
  } catch (error) {
    if (error instanceof FilterError) return fail('request.filter', { reason: error.message });
    throw error;
  }
}

export const wantsAllProjects = (query: ListQuery): boolean => /^(1|true|yes|on)$/i.test(query['all-projects'] ?? '');
