/** Lists as Incus shows them: columns chosen by letters (`-c nts`), rows in natural order. */
import { usageError } from '../cli-error.ts';
import { text } from '../command.ts';
import type { Context } from '../context.ts';
import { type Column, formatOption, printRows } from './print-rows.ts';

/** Those marked `extra` are only shown when they are asked for. */
export type LetterColumn<T> = Column<T> & { letter: string; extra?: true };

export const listOptions = {
  columns: text('-c, --columns <letters>', 'which columns, in which order'),
  format: formatOption,
};
type ListOptions = { columns: string | undefined; format: string | undefined; allProjects?: boolean };

/** For the help of a list. */
export const columnsHelp = <T>(columns: readonly LetterColumn<T>[]) =>
  `Columns are letters:\n\n${columns.map(({ letter, header }) => `  ${letter}  ${header.toLowerCase()}`).join('\n')}`;

/** `kept`: the order of the server says something, like the age of snapshots. */
export function printList<T>(
  context: Context,
  options: ListOptions,
  columns: readonly LetterColumn<T>[],
  items: readonly T[],
  order: 'natural' | 'kept' = 'natural',
  objects: unknown = items,
): Promise<void> {
  const chosen = chosenColumns(columns, options);
  const rows = items.map((item) => ({ item, cells: chosen.map((column) => column.value(item)) }));
  if (order === 'natural') rows.sort((a, b) => compareCells(a.cells, b.cells));
  const sorted = rows.map(({ item }) => item);
  return printRows(context, options.format, chosen, sorted, objects);
}

/** `--all-projects` puts the project in front, unless columns are named. */
export function chosenColumns<T>(
  columns: readonly LetterColumn<T>[],
  { columns: letters, allProjects = false }: Omit<ListOptions, 'format'>,
): readonly Column<T>[] {
  if (letters !== undefined) return [...letters.replaceAll(',', '')].map((letter) => columnOf(columns, letter));
  const usual = columns.filter(({ extra }) => extra !== true);
  const projects = columns.filter(({ letter, extra }) => letter === 'e' && extra === true);
  return allProjects ? [...projects, ...usual] : usual;
}

function columnOf<T>(columns: readonly LetterColumn<T>[], wanted: string): LetterColumn<T> {
  const found = columns.find(({ letter }) => letter === wanted);
  if (found) return found;
  throw usageError(`Unknown column "${wanted}"`, `one or more of ${columns.map(({ letter }) => letter).join('')}`);
}

/** The column of the project in lists that have `--all-projects`. */
export const projectLetter = <T extends { project: string }>(): LetterColumn<T> => ({
  letter: 'e',
  header: 'PROJECT',
  value: ({ project }) => project,
  extra: true,
});

/** The first cell that differs decides; an empty one comes last. */
export function compareCells(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((cell, i) => cell !== b[i]);
  if (at < 0) return 0;
  const [left = '', right = ''] = [a[at], b[at]];
  if (left === '' || right === '') return left === '' ? 1 : -1;
  return compareNatural(left, right);
}

/** web2 before web10. */
export function compareNatural(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/(\d+)/)) as [string[], string[]];
  const at = left.findIndex((part, i) => part !== right[i]);
  if (at < 0) return left.length - right.length;
  const [one = '', other = ''] = [left[at], right[at]];
  if (at % 2 === 1 && Number(one) !== Number(other)) return Number(one) - Number(other);
  return one < other ? -1 : 1;
}
