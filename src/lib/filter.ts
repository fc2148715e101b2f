/**
 * The filter language of the API: `status eq running and (config.user.role eq db or not name eq web.*)`.
 *
 * Clauses are `field operator value`; operators eq, ne, gt, ge, lt, le; joined by and, or, not and parentheses, where
 * `and` binds tighter than `or`. Values with spaces are quoted. `eq` on texts is an anchored, case-insensitive regular
 * expression, as in Incus; a pattern that could run for ever is compared as plain text instead.
 */
import { fieldOf } from './filter-field.ts';
import { type FilterToken, filterTokens } from './filter-tokens.ts';
import { longestSafeText } from './safe-pattern.ts';

export type Filter = (object: unknown) => boolean;

/** The text is the user's fault; it is what Incus says. */
export class FilterError extends Error {
  constructor(what: string) {
    super(`Invalid filter: ${what}`);
    this.name = 'FilterError';
  }
}

const longestFilter = 4096;
const deepestNesting = 64;

/** Empty text lets everything through. Throws `FilterError`. */
export function parseFilter(text: string): Filter {
  if (text.length > longestFilter) throw new FilterError(`longer than ${longestFilter} characters`);
  const tokens = filterTokens(text, (what) => new FilterError(what));
  if (tokens.length === 0) return () => true;
  const reader = createReader(tokens);
  const filter = parseOr(reader, 0);
  if (reader.peek()) throw new FilterError('invalid clause composition');
  return filter;
}

type Reader = { peek(): FilterToken | undefined; next(missing: string): FilterToken; accept(word: string): boolean };

function createReader(tokens: readonly FilterToken[]): Reader {
  let position = 0;
  return {
    peek: () => tokens[position],
    next(missing) {
      const token = tokens[position++];
      if (!token) throw new FilterError(missing);
      return token;
    },
    /** Takes the token when it is this word, unquoted. */
    accept(word) {
      const token = tokens[position];
      if (!token || token.quoted || token.text.toLowerCase() !== word) return false;
      position += 1;
      return true;
    },
  };
}

function parseOr(reader: Reader, depth: number): Filter {
  const parts = [parseAnd(reader, depth)];
  while (reader.accept('or')) parts.push(parseAnd(reader, depth));
  return parts.length === 1 && parts[0] ? parts[0] : (object) => parts.some((part) => part(object));
}

function parseAnd(reader: Reader, depth: number): Filter {
  const parts = [parseTerm(reader, depth)];
  while (reader.accept('and')) parts.push(parseTerm(reader, depth));
  return parts.length === 1 && parts[0] ? parts[0] : (object) => parts.every((part) => part(object));
}

function parseTerm(reader: Reader, depth: number): Filter {
  if (depth > deepestNesting) throw new FilterError('too deeply nested');
  if (reader.accept('not')) {
    if (!reader.peek()) throw new FilterError('incomplete not clause');
    const inner = parseTerm(reader, depth + 1);
    return (object) => !inner(object);
  }
  if (reader.accept('(')) {
    const inner = parseOr(reader, depth + 1);
    if (!reader.accept(')')) throw new FilterError('unterminated parenthesis');
    return inner;
  }
  return parseClause(reader);
}

function parseClause(reader: Reader): Filter {
  const field = reader.next('unterminated compound clause').text;
  const operator = reader.next('clause has no operator').text.toLowerCase();
  const value = reader.next('clause has no value').text;
  const test = clauseTest(operator, value);
  return (object) => test(fieldOf(object, field));
}

function clauseTest(operator: string, value: string): (found: unknown) => boolean {
  const compare = comparisons[operator];
  if (compare) return (found) => isOrdered(found, value, compare);
  const equal = equalityTest(value);
  if (operator === 'eq') return equal;
  // A field that is not there is not equal either.
  if (operator === 'ne') return (found) => !equal(found);
  throw new FilterError(`unknown operator ${JSON.stringify(operator)}`);
}

const comparisons: Record<string, (difference: number) => boolean> = {
  __proto__: null as never,
  gt: (difference) => difference > 0,
  ge: (difference) => difference >= 0,
  lt: (difference) => difference < 0,
  le: (difference) => difference <= 0,
};

function isOrdered(found: unknown, value: string, compare: (difference: number) => boolean): boolean {
  const number =
    typeof found === 'number' ? found : typeof found === 'string' && found !== '' ? Number(found) : Number.NaN;
  const difference = value === '' ? Number.NaN : number - Number(value);
  return !Number.isNaN(difference) && compare(difference);
}

function equalityTest(value: string): (found: unknown) => boolean {
  const folded = value.toLowerCase();
  const longestText = longestSafeText(value);
  const pattern = longestText > 0 ? compiled(value) : undefined;
  const matchesText = (text: string) =>
    text.toLowerCase() === folded || (text.length <= longestText && (pattern?.test(text) ?? false));
  const matches = (found: unknown): boolean => {
    if (typeof found === 'string') return matchesText(found);
    if (typeof found === 'number') return value.trim() !== '' && found === Number(value);
    if (typeof found === 'boolean') return String(found) === folded;
    return Array.isArray(found) && found.some(matches);
  };
  return matches;
}

/** Undefined when the text is no regular expression: then only the plain comparison counts. */
function compiled(value: string): RegExp | undefined {
  if (!/[.*+?^${}()|[\]\\]/.test(value)) return undefined;
  try {
    return new RegExp(`^(?:${value})$`, 'iu');
  } catch {
    return undefined;
  }
}
