/**
 * Files of stopped guests and of volumes, as root of a guest sees them. Those of an ordinary user's daemon belong to ids that
 * only its user namespace has: there, this file runs as a program that does the one thing.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { makeSample, stateOf } from '../../contract/file-state.ts';
import { asUser, runBeside } from '../../own-namespaces.ts';

export const filesHere = {
  read: (path: string): string => readFileSync(path, 'utf8'),
  write: (path: string, text: string): void => writeFileSync(path, text),
  remove: (path: string): void => rmSync(path),
  makeDirectory: (path: string): void => void mkdirSync(path, { recursive: true }),
  makeSample: (path: string): void => makeSample(path, { privileged: true }),
  state: (path: string): Record<string, unknown> => stateOf(path),
};

export type FilesInside = typeof filesHere;

export function filesInside(directory: string): FilesInside {
  if (!asUser) return filesHere;
  const program = [process.execPath, import.meta.filename];
  const inside = (work: string, words: string[]) =>
    JSON.parse(runBeside(directory, [...program, work, ...words])) as unknown;
  const rows = Object.keys(filesHere).map((work) => [work, (...words: string[]) => inside(work, words)]);
  return Object.fromEntries(rows) as FilesInside;
}

if (import.meta.main) {
  const [, , work = '', ...words] = process.argv;
  const works: Record<string, (...words: string[]) => unknown> = { ...filesHere };
  process.stdout.write(JSON.stringify(works[work]?.(...words) ?? null));
}
