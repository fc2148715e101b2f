/** The columns of lists, chosen by letters as in Incus: `-c nts`. Pure. */
import { usageError } from '../cli-error.ts';
import { text } from '../command.ts';
import type { Column } from './print-rows.ts';

/** Those marked `extra` are only shown when they are asked for. */
export type LetterColumn<T> = Column<T> & { letter: string; extra?: true };

export const columnsOption = text('-c, --columns <letters>', 'which columns, in which order');

/** For the help of a list. */
export const columnsHelp = <T>(columns: readonly LetterColumn<T>[]) =>
  `Columns are letters:\n\n${columns.map(({ letter, header }) => `  ${letter}  ${header.toLowerCase()}`).join('\n')}`;

export function chosenColumns<T>(
  columns: readonly LetterColumn<T>[],
  { columns: letters, allProjects = false }: { columns: string | undefined; allProjects?: boolean },
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

/** What `--all-projects` shows in front, and the letter `e`. */
export const projectLetter = <T extends { project: string }>(): LetterColumn<T> => ({
  letter: 'e',
  header: 'PROJECT',
  value: ({ project }) => project,
  extra: true,
});
