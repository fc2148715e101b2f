/** Modules of an unpacked kernel package with all that they need, in the order of loading. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Entry } from './cpio.ts';

export function moduleFiles(tree: string, names: readonly string[]): Entry[] {
  const paths = new Map(
    globSync('lib/modules/*/kernel/**/*.ko', { cwd: tree }).map((path) => [moduleName(path), join(tree, path)]),
  );
  const order = new Set<string>();
  const take = (name: string) => {
    const path = paths.get(name);
    // Built into this kernel.
    if (path === undefined || order.has(name)) return;
    const needs = /\0depends=([^\0]*)/.exec(readFileSync(path, 'latin1'))?.[1] ?? '';
    for (const need of needs.split(',').filter(Boolean)) take(moduleName(need));
    order.add(name);
  };
  for (const name of names) take(moduleName(name));
  return [...order].map((name, index) => ({
    path: `modules/${String(index).padStart(2, '0')}-${name}.ko`,
    content: readFileSync(paths.get(name) ?? ''),
  }));
}

const moduleName = (path: string) => basename(path, '.ko').replaceAll('-', '_');
