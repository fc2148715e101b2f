import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootlessFiles } from '../../test/rootless-files.ts';
import { rootlessSkips } from '../../test/rootless-skips.ts';
import { select, testFiles } from './selection.ts';

const files = [
  'src/lib/units.test.ts',
  'test/e2e/cli.test.ts',
  'test/fresh/readme.test.ts',
  'test/integration/engine-boot.root.test.ts',
  'test/integration/storage.root.test.ts',
];
const chosen = (...words: string[]) => Object.fromEntries(select(files, words));

test('no word chooses every group and every file', () => {
  assert.deepEqual(Object.keys(chosen()), ['types', 'lint', 'unit', 'integration', 'e2e', 'rootless', 'fresh']);
  assert.deepEqual(Object.values(chosen()).flat().sort(), files);
});

test('check chooses what needs no root', () => {
  assert.deepEqual(chosen('check'), { types: [], lint: [], unit: ['src/lib/units.test.ts'] });
});

test('a group and a part of a path choose one file', () => {
  assert.deepEqual(chosen('integration/engine'), { integration: ['test/integration/engine-boot.root.test.ts'] });
});

test('a path chooses the files below it, in the order of the groups', () => {
  assert.deepEqual(chosen('test/e2e', 'src/lib'), { unit: ['src/lib/units.test.ts'], e2e: ['test/e2e/cli.test.ts'] });
});

test('a file that runs as root and as an ordinary user is in both groups', () => {
  const [file = ''] = rootlessFiles;
  const both = (word: string) => Object.fromEntries(select([file], [word]));
  assert.deepEqual(both(file), { e2e: [file], rootless: [file] });
  assert.deepEqual(both('rootless'), { rootless: [file] });
  assert.deepEqual(both('e2e'), { e2e: [file] });
});

test('the lists of what runs as an ordinary user name files that are there', () => {
  const files = testFiles(join(import.meta.dirname, '..', '..'));
  assert.deepEqual(
    rootlessFiles.filter((file) => !files.includes(file)),
    [],
  );
  assert.deepEqual(
    rootlessSkips.filter(({ file }) => !rootlessFiles.includes(file)),
    [],
  );
});

test('a word that chooses nothing is an error', () => {
  assert.throws(() => chosen('unti'), /no test matches "unti"/);
});
