/**
 * The part of Django's template language (pongo2 in Incus) that images use: `{{ expression }}`, `{# comment #}` and the
 * tags if, elif, else, for, set and autoescape. Nothing is escaped. Pure; output and work are limited.
 */
import { evaluate, isTrue, type Scope, shown, TemplateBroken, type TemplateValue } from './template-expression.ts';

const outputLimit = 1024 * 1024;
const stepsLimit = 100_000;
const depthLimit = 30;

type Part = { kind: 'text' | 'value' | 'tag'; text: string };
type Node =
  | { kind: 'text'; text: string }
  | { kind: 'value'; text: string }
  | { kind: 'if'; branches: { condition: string; body: Node[] }[] }
  | { kind: 'for'; names: string[]; list: string; body: Node[]; empty: Node[] }
  | { kind: 'set'; name: string; value: string };

/** `values` may hold functions, such as `config_get`. */
export function renderTemplate(source: string, values: Readonly<Record<string, unknown>>): string {
  const parts = split(source);
  const nodes = parseUntil(parts, { at: 0, depth: 0 }, []).nodes;
  const state = { steps: 0, size: 0 };
  return renderAll(nodes, { ...values } as Scope, state);
}

function split(source: string): Part[] {
  const parts: Part[] = [];
  const pattern = /\{\{(-?)([\s\S]*?)(-?)\}\}|\{%(-?)([\s\S]*?)(-?)%\}|\{#[\s\S]*?#\}/g;
  let from = 0;
  let trimNext = false;
  const text = (until: number, trimEnd: boolean) => {
    let piece = source.slice(from, until);
    if (trimNext) piece = piece.trimStart();
    if (trimEnd) piece = piece.trimEnd();
    if (piece !== '') parts.push({ kind: 'text', text: piece });
  };
  for (const match of source.matchAll(pattern)) {
    text(match.index, match[1] === '-' || match[4] === '-');
    trimNext = match[3] === '-' || match[6] === '-';
    from = match.index + match[0].length;
    if (match[2] !== undefined) parts.push({ kind: 'value', text: match[2].trim() });
    else if (match[5] !== undefined) parts.push({ kind: 'tag', text: match[5].trim() });
  }
  text(source.length, false);
  return parts;
}

type Position = { at: number; depth: number };

/** Reads nodes until one of the closing tags, which it takes as well. */
function parseUntil(parts: Part[], position: Position, closers: string[]): { nodes: Node[]; closer: string } {
  if (++position.depth > depthLimit) throw new TemplateBroken('nested too deep');
  const nodes: Node[] = [];
  for (let part = parts[position.at++]; part; part = parts[position.at++]) {
    const word = part.kind === 'tag' ? (/^\S*/.exec(part.text)?.[0] ?? '') : '';
    if (part.kind !== 'tag') nodes.push({ kind: part.kind, text: part.text });
    else if (closers.includes(word)) {
      position.depth--;
      return { nodes, closer: part.text };
    } else nodes.push(...parseTag(parts, position, word, part.text.slice(word.length).trim()));
  }
  if (closers.length > 0) throw new TemplateBroken(`${closers.at(-1)} is missing`);
  return { nodes, closer: '' };
}

function parseTag(parts: Part[], position: Position, word: string, rest: string): Node[] {
  if (word === 'autoescape') return parseUntil(parts, position, ['endautoescape']).nodes;
  if (word === 'if') return [parseIf(parts, position, rest)];
  if (word === 'for') return [parseFor(parts, position, rest)];
  const assignment = word === 'set' ? /^([A-Za-z_]\w*)\s*=\s*([\s\S]+)$/.exec(rest) : null;
  if (assignment?.[1] && assignment[2]) return [{ kind: 'set', name: assignment[1], value: assignment[2] }];
  throw new TemplateBroken(`unknown tag ${JSON.stringify(`${word} ${rest}`.slice(0, 80))}`);
}

function parseIf(parts: Part[], position: Position, first: string): Node {
  const branches: { condition: string; body: Node[] }[] = [];
  let condition = first;
  for (;;) {
    const { nodes, closer } = parseUntil(parts, position, ['elif', 'else', 'endif']);
    branches.push({ condition, body: nodes });
    if (closer === 'endif') return { kind: 'if', branches };
    condition = closer.startsWith('elif') ? closer.slice(4) : 'true';
  }
}

function parseFor(parts: Part[], position: Position, rest: string): Node {
  const match = /^([A-Za-z_]\w*)(?:\s*,\s*([A-Za-z_]\w*))?\s+in\s+([\s\S]+)$/.exec(rest);
  if (!match?.[1] || !match[3]) throw new TemplateBroken(`cannot read ${JSON.stringify(`for ${rest}`.slice(0, 80))}`);
  const body = parseUntil(parts, position, ['empty', 'endfor']);
  const empty = body.closer === 'empty' ? parseUntil(parts, position, ['endfor']).nodes : [];
  return { kind: 'for', names: match[2] ? [match[1], match[2]] : [match[1]], list: match[3], body: body.nodes, empty };
}

type Spent = { steps: number; size: number };

function renderAll(nodes: Node[], scope: Scope, spent: Spent): string {
  let out = '';
  for (const node of nodes) {
    if (++spent.steps > stepsLimit) throw new TemplateBroken('takes too long');
    if (node.kind === 'set') scope[node.name] = evaluate(node.value, scope);
    else out += renderNode(node, scope, spent);
  }
  return out;
}

function renderNode(node: Exclude<Node, { kind: 'set' }>, scope: Scope, spent: Spent): string {
  if (node.kind === 'text' || node.kind === 'value') {
    const text = node.kind === 'text' ? node.text : shown(evaluate(node.text, scope));
    spent.size += text.length;
    if (spent.size > outputLimit) throw new TemplateBroken(`gives more than ${outputLimit} characters`);
    return text;
  }
  if (node.kind === 'if') {
    const branch = node.branches.find(({ condition }) => isTrue(evaluate(condition, scope)));
    return branch ? renderAll(branch.body, scope, spent) : '';
  }
  const rows = rowsOf(evaluate(node.list, scope));
  if (rows.length === 0) return renderAll(node.empty, scope, spent);
  return rows
    .map((row, i) => {
      const loop = { Counter: i + 1, Counter0: i, First: i === 0, Last: i === rows.length - 1 };
      const named = Object.fromEntries(node.names.map((name, n) => [name, row[n]]));
      return renderAll(node.body, { ...scope, ...named, forloop: loop }, spent);
    })
    .join('');
}

/** A list gives its items, a map its keys (sorted) with their values. */
function rowsOf(value: TemplateValue): TemplateValue[][] {
  if (Array.isArray(value)) return value.map((item) => [item]);
  if (value === null || typeof value !== 'object') return [];
  return Object.keys(value)
    .sort()
    .map((key) => [key, value[key]]);
}
