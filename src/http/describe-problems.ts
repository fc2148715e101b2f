/** Writes the findings of the schema check as a sentence: which field, what was expected, what was there. */
import type { TLocalizedValidationError as Finding } from 'typebox/error';
import { nearestName } from '../lib/nearest-name.ts';

type Problem = { path: string; weak: boolean; text: string };

const shownProblems = 3;
const shownCharacters = 60;

export function describeProblems(findings: Finding[], schema: unknown, value: unknown, whole: string): string {
  const problems = [...structureProblems(findings, schema, whole), ...valueProblems(findings, value, whole)];
  // "must be an object or null" says nothing when the object is there and something inside it is wrong.
  const strong = problems.filter((one) => !one.weak || !problems.some((other) => explains(other, one)));
  const texts = [...new Set((strong.length > 0 ? strong : problems).map((problem) => problem.text))];
  if (texts.length === 0) return `the ${whole} does not fit`;
  const rest = texts.length > shownProblems ? `; and ${texts.length - shownProblems} more` : '';
  return texts.slice(0, shownProblems).join('; ') + rest;
}

function explains(other: Problem, weak: Problem): boolean {
  if (other === weak) return false;
  return other.path.startsWith(`${weak.path}/`) || (other.path === weak.path && !other.weak);
}

/** Fields that are missing or unknown. */
function structureProblems(findings: Finding[], schema: unknown, whole: string): Problem[] {
  return findings.flatMap((finding) => {
    const path = finding.instancePath;
    if (finding.keyword === 'required') {
      return finding.params.requiredProperties.map((name) => ({
        path,
        weak: false,
        text: `${placeOf(`${path}/${name}`, whole)} is missing`,
      }));
    }
    if (finding.keyword !== 'additionalProperties') return [];
    const known = Object.keys((schemaAt(schema, finding.schemaPath)?.properties as object | undefined) ?? {});
    return finding.params.additionalProperties.map((name) => {
      const meant = nearestName(name, known);
      const hint = meant === undefined ? '' : `, did you mean "${meant}"?`;
      const where = path === '' ? '' : ` in ${placeOf(path, whole)}`;
      return { path, weak: false, text: `unknown field "${shorten(name)}"${where}${hint}` };
    });
  });
}

/** Fields whose value is of the wrong kind, one problem for each place with all that would have been accepted. */
function valueProblems(findings: Finding[], root: unknown, whole: string): Problem[] {
  const expected = new Map<string, Set<string>>();
  for (const finding of findings) {
    const wanted = expectation(finding);
    if (wanted.length === 0) continue;
    const set = expected.get(finding.instancePath) ?? new Set();
    for (const one of wanted) set.add(one);
    expected.set(finding.instancePath, set);
  }
  return [...expected].map(([path, wanted]) => ({
    path,
    weak: true,
    text: `${placeOf(path, whole)} must be ${oneOf([...wanted])}, but is ${kindOf(valueAt(root, path))}`,
  }));
}

const typeWords: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

function expectation(finding: Finding): string[] {
  switch (finding.keyword) {
    case 'type':
      return [finding.params.type].flat().map((type) => typeWords[type] ?? type);
    case 'const':
      return [JSON.stringify(finding.params.allowedValue)];
    case 'enum':
      return finding.params.allowedValues.map((value) => JSON.stringify(value));
    case 'required':
    case 'additionalProperties':
    case 'anyOf':
    case 'oneOf':
    case 'boolean':
      return [];
    default:
      return [finding.message.replace(/^must (be )?/, '')];
  }
}

function segments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function walk(root: unknown, keys: string[]): unknown {
  return keys.reduce((value: unknown, key) => {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }, root);
}

function schemaAt(schema: unknown, schemaPath: string): Record<string, unknown> | undefined {
  return walk(schema, segments(schemaPath)) as Record<string, unknown> | undefined;
}

function valueAt(root: unknown, pointer: string): unknown {
  return walk(root, segments(pointer));
}

function placeOf(pointer: string, whole: string): string {
  return pointer === '' ? `the ${whole}` : shorten(segments(pointer).join('/'));
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (value === undefined) return 'absent';
  return shorten(JSON.stringify(value));
}

function oneOf(words: string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

function shorten(text: string): string {
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}...`;
}
