/** Expressions of image templates: names, literals, comparisons, filters, `config_get("key", "default")`. Pure. */

import { formatGoDate } from './go-date.ts';

/** What a template can see: texts, numbers, truth values, lists and maps of these, and functions at the top. */
export type TemplateValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | TemplateValue[]
  | { [key: string]: TemplateValue }
  | TemplateFunction;
export type TemplateFunction = (...args: TemplateValue[]) => TemplateValue;
export type Scope = Record<string, TemplateValue>;

export class TemplateBroken extends Error {
  constructor(message: string) {
    super(`template: ${message}`);
    this.name = 'TemplateBroken';
  }
}

const tokenPattern =
  /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([0-9]+(?:\.[0-9]+)?)|([A-Za-z_][A-Za-z0-9_]*)|(==|!=|<=|>=|&&|\|\||[-+!<>|.,:()[\]]))/y;
type Token = { kind: 'text' | 'number' | 'name' | 'sign' | 'end'; text: string };

function tokens(source: string): Token[] {
  const found: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < source.trimEnd().length) {
    const match = tokenPattern.exec(source);
    if (!match) throw new TemplateBroken(`cannot read ${JSON.stringify(source.slice(0, 80))}`);
    const [, text, number, name, sign] = match;
    if (text !== undefined)
      found.push({
        kind: 'text',
        text: text.slice(1, -1).replace(/\\(.)/g, (_, c: string) => ({ n: '\n', t: '\t' })[c] ?? c),
      });
    else if (number !== undefined) found.push({ kind: 'number', text: number });
    else if (name !== undefined) found.push({ kind: 'name', text: name });
    else found.push({ kind: 'sign', text: sign ?? '' });
  }
  return [...found, { kind: 'end', text: '' }];
}

/** Evaluates while parsing: templates are small and used once. Unknown names are undefined and render empty. */
export function evaluate(source: string, scope: Scope): TemplateValue {
  const list = tokens(source);
  let at = 0;
  let depth = 0;
  const peek = () => list[at] ?? { kind: 'end' as const, text: '' };
  const accept = (...texts: string[]): string | undefined => {
    const { kind, text } = peek();
    if ((kind !== 'sign' && kind !== 'name') || !texts.includes(text)) return undefined;
    at++;
    return text;
  };
  const expect = (text: string) => {
    if (!accept(text))
      throw new TemplateBroken(`${JSON.stringify(text)} missing in ${JSON.stringify(source.slice(0, 80))}`);
  };

  function either(): TemplateValue {
    let left = both();
    while (accept('or', '||')) {
      const right = both();
      left = isTrue(left) ? left : right;
    }
    return left;
  }
  function both(): TemplateValue {
    let left = negated();
    while (accept('and', '&&')) {
      const right = negated();
      left = isTrue(left) ? right : left;
    }
    return left;
  }
  function negated(): TemplateValue {
    if (++depth > 50) throw new TemplateBroken('nested too deep');
    const value = accept('not', '!') ? !isTrue(negated()) : compared();
    depth--;
    return value;
  }
  function compared(): TemplateValue {
    const left = filtered();
    const sign = accept('==', '!=', '<=', '>=', '<', '>', 'in');
    return sign ? compare(left, sign, filtered()) : left;
  }
  function filtered(): TemplateValue {
    let value = single();
    while (accept('|')) {
      const name = peek().text;
      at++;
      let argument: TemplateValue;
      if (accept(':')) argument = single();
      else if (accept('(')) {
        argument = either();
        expect(')');
      }
      value = filter(name, value, argument);
    }
    return value;
  }
  function single(): TemplateValue {
    const token = peek();
    at++;
    if (token.kind === 'text') return token.text;
    if (token.kind === 'number') return Number(token.text);
    if (token.text === '-') return -Number(single());
    if (token.text === '(') {
      const value = either();
      expect(')');
      return value;
    }
    if (token.kind !== 'name') throw new TemplateBroken(`cannot read ${JSON.stringify(source.slice(0, 80))}`);
    return named(token.text);
  }
  function named(name: string): TemplateValue {
    const literals: Record<string, TemplateValue> = {
      true: true,
      True: true,
      false: false,
      False: false,
      none: null,
      None: null,
      nil: null,
    };
    if (Object.hasOwn(literals, name)) return literals[name];
    let value = member(scope, name);
    if (accept('(')) {
      const args: TemplateValue[] = [];
      while (!accept(')')) {
        args.push(either());
        if (!accept(',') && peek().text !== ')') expect(')');
      }
      value = typeof value === 'function' ? value(...args) : undefined;
    }
    for (;;) {
      if (accept('.')) value = member(value, list[at++]?.text ?? '');
      else if (accept('[')) {
        value = member(value, shown(either()));
        expect(']');
      } else return value;
    }
  }

  const value = either();
  if (peek().kind !== 'end') throw new TemplateBroken(`cannot read ${JSON.stringify(source.slice(0, 80))}`);
  return value;
}

/** Own members only: a template must not reach what every JavaScript object has. */
function member(value: TemplateValue, key: string): TemplateValue {
  if (Array.isArray(value)) return value[Number(key)];
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
  return value[key];
}

export function isTrue(value: TemplateValue): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

export function shown(value: TemplateValue): string {
  if (value === null || value === undefined || typeof value === 'function') return '';
  if (value === true) return 'True';
  if (value === false) return 'False';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function compare(left: TemplateValue, sign: string, right: TemplateValue): boolean {
  if (sign === '==') return shown(left) === shown(right);
  if (sign === '!=') return shown(left) !== shown(right);
  if (sign === 'in') {
    if (Array.isArray(right)) return right.some((item) => shown(item) === shown(left));
    if (right !== null && typeof right === 'object') return Object.hasOwn(right, shown(left));
    return shown(right).includes(shown(left));
  }
  const [a, b] = [Number(left), Number(right)];
  return sign === '<' ? a < b : sign === '>' ? a > b : sign === '<=' ? a <= b : a >= b;
}

/** Only what is a time can be written as one. */
function dated(text: string, layout: string): string {
  const date = new Date(/^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text) ? `${text}Z` : Number.NaN);
  return Number.isNaN(date.getTime()) ? '' : formatGoDate(date, layout);
}

function filter(name: string, value: TemplateValue, argument: TemplateValue): TemplateValue {
  const text = shown(value);
  const filters: Record<string, () => TemplateValue> = {
    default: () => (isTrue(value) ? value : argument),
    default_if_none: () => (value === null || value === undefined ? argument : value),
    lower: () => text.toLowerCase(),
    upper: () => text.toUpperCase(),
    capfirst: () => text.slice(0, 1).toUpperCase() + text.slice(1),
    trim: () => text.trim(),
    length: () => (Array.isArray(value) ? value.length : text.length),
    first: () => (Array.isArray(value) ? value[0] : text.slice(0, 1)),
    last: () => (Array.isArray(value) ? value.at(-1) : text.slice(-1)),
    join: () => (Array.isArray(value) ? value.map(shown).join(shown(argument)) : text),
    split: () => text.split(shown(argument)),
    cut: () => text.replaceAll(shown(argument), ''),
    integer: () => Math.trunc(Number(value)) || 0,
    date: () => dated(text, shown(argument)),
    yesno: () => (isTrue(value) ? 'yes' : 'no'),
    safe: () => value,
    escape: () => text,
  };
  const apply = Object.hasOwn(filters, name) ? filters[name] : undefined;
  if (!apply) throw new TemplateBroken(`unknown filter ${JSON.stringify(name)}`);
  return apply();
}
