import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenColumns, columnsHelp, compareCells, type LetterColumn, projectLetter } from './print-list.ts';
import { sortedMaps } from './yaml.ts';

type Thing = { name: string; project: string };
const columns: LetterColumn<Thing>[] = [
  { letter: 'n', header: 'NAME', value: ({ name }) => name },
  { letter: 'L', header: 'LOCATION', value: () => 'none', extra: true },
  projectLetter<Thing>(),
];
const headers = (letters: string | undefined, allProjects = false) =>
  chosenColumns(columns, { columns: letters, allProjects }).map(({ header }) => header);

test('columns are chosen by letters, and the project comes first in lists of all projects', () => {
  assert.deepEqual(headers(undefined), ['NAME']);
  assert.deepEqual(headers('Ln'), ['LOCATION', 'NAME']);
  assert.deepEqual(headers('n,e'), ['NAME', 'PROJECT']);
  assert.deepEqual(headers(undefined, true), ['PROJECT', 'NAME']);
  assert.throws(() => headers('nx'), /Unknown column "x"/);
  assert.match(columnsHelp(columns), /^ {2}L {2}location$/m);
});

test('rows are in natural order, empty cells last', () => {
  const rows = [['web10'], [''], ['db'], ['web2', 'b'], ['web2', 'a']].map(([name = '', more = '-']) => [name, more]);
  const sorted = rows.toSorted(compareCells).map((cells) => cells.join(' '));
  assert.deepEqual(sorted, ['db -', 'web2 a', 'web2 b', 'web10 -', ' -']);
});

test('YAML shows the keys of maps in order, and fields as the API has them', () => {
  const shown = sortedMaps({ name: 'web', config: { b: '1', a: '2' }, devices: { root: { type: 'disk', path: '/' } } });
  assert.equal(
    JSON.stringify(shown),
    '{"name":"web","config":{"a":"2","b":"1"},"devices":{"root":{"path":"/","type":"disk"}}}',
  );
});
