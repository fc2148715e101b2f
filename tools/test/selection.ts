/** Which test files there are, to which groups each belongs, and which of them the words of the command line choose. */
import { globSync } from 'node:fs';
import { rootlessFiles } from '../../test/rootless-files.ts';

export const groups = ['types', 'lint', 'unit', 'integration', 'e2e', 'rootless', 'fresh'] as const;
export type Group = (typeof groups)[number];

/** `npm run check`: what needs neither root nor the laboratory. */
const checks: readonly Group[] = ['types', 'lint', 'unit'];

/** A group that runs no files has an empty list; a group that was not chosen is absent. */
export type Selection = Map<Group, string[]>;

/** Some files run twice: `e2e` as root, `rootless` as an ordinary user. */
export function groupsOf(file: string): Group[] {
  if (file.startsWith('test/e2e/')) return rootlessFiles.includes(file) ? ['e2e', 'rootless'] : ['e2e'];
  if (file.startsWith('test/rootless/')) return ['rootless'];
  if (file.startsWith('test/fresh/')) return ['fresh'];
  return [file.endsWith('.root.test.ts') ? 'integration' : 'unit'];
}

/** Every test file of the checkout; a new folder needs no entry anywhere. */
export function testFiles(root: string): string[] {
  return globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'], { cwd: root }).sort();
}

/**
 * Words: a group (`unit`), `check`, a group and a part of a file's path (`integration/engine`), or a path (`src/lib`).
 * No word means all. Throws when a word chooses nothing.
 */
export function select(files: readonly string[], words: readonly string[]): Selection {
  const chosen: Selection = new Map();
  for (const word of words.length > 0 ? words : groups) {
    const before = chosen.size;
    let matched = false;
    for (const group of groups) {
      const own = files.filter((file) => groupsOf(file).includes(group) && matches(file, group, word));
      const whole = word === group || (word === 'check' && checks.includes(group));
      if (own.length === 0 && !whole) continue;
      matched = true;
      chosen.set(group, [...new Set([...(chosen.get(group) ?? []), ...own])]);
    }
    if (!matched && chosen.size === before)
      throw new Error(`no test matches "${word}"; groups: ${groups.join(', ')}, check; or a part of a path`);
  }
  return new Map([...chosen].sort(([a], [b]) => groups.indexOf(a) - groups.indexOf(b)));
}

function matches(file: string, group: Group, word: string): boolean {
  if (word === group || (word === 'check' && checks.includes(group))) return true;
  if (word.startsWith(`${group}/`)) return file.includes(word.slice(group.length + 1));
  return file === word || file.startsWith(word.endsWith('/') ? word : `${word}/`);
}
