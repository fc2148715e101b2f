/** Finds the command that the words on the line mean, or says which one was probably meant. */
import { CliError, exitCodes } from './cli-error.ts';
import type { CommandEntry } from './commands.ts';
import { nearest } from './nearest.ts';

export type Found =
  | { kind: 'command'; entry: CommandEntry; words: string[] }
  /** Words that begin several commands, like `profile`; empty: no words at all. */
  | { kind: 'overview'; prefix: string };

/** Global options may stand before the command: `gast --debug list`. */
const leadingFlags = new Set(['-q', '--quiet', '--debug']);

export function findCommand(commands: readonly CommandEntry[], line: readonly string[]): Found {
  const { leading, rest } = splitLeading(line);
  if (rest.length === 0) return { kind: 'overview', prefix: '' };
  const known = longestName(commands, rest);
  if (known) return { kind: 'command', entry: known.entry, words: [...leading, ...known.rest] };
  return overviewOrError(commands, rest);
}

/** A name has up to four words; the longest that fits wins. */
export function longestName(commands: readonly CommandEntry[], words: readonly string[]) {
  for (let count = Math.min(4, words.length); count > 0; count--) {
    const name = words.slice(0, count).join(' ');
    const entry = commands.find((one) => one.name === name || one.aliases?.includes(name));
    if (entry) return { entry, rest: words.slice(count) };
  }
  return undefined;
}

export function splitLeading(line: readonly string[]): { leading: string[]; rest: string[] } {
  const leading: string[] = [];
  let at = 0;
  for (; at < line.length; at++) {
    const word = line[at] ?? '';
    if (leadingFlags.has(word) || word.startsWith('--project=')) leading.push(word);
    else if (word === '--project' && at + 1 < line.length) leading.push(word, line[++at] ?? '');
    else break;
  }
  return { leading, rest: line.slice(at) };
}

function overviewOrError(commands: readonly CommandEntry[], rest: readonly string[]): Found {
  const asksHelp = rest.some((word) => word === '--help' || word === '-h');
  const words = rest.filter((word) => !word.startsWith('-'));
  if (words.length === 0 && asksHelp) return { kind: 'overview', prefix: '' };
  const known = commonPrefix(commands, words);
  const wrong = words[known.length];
  if (wrong === undefined && known.length > 0) return { kind: 'overview', prefix: known.join(' ') };
  const given = words.slice(0, known.length + 1).join(' ') || (rest[0] ?? '');
  const names = commands.filter((command) => !command.hidden).map((command) => command.name);
  const close = nearest(words.slice(0, known.length + 1).join(' '), [...names, ...nouns(names)]);
  const where = known.length > 0 ? `gast ${known.join(' ')} --help` : 'gast help';
  throw new CliError(`Unknown command "gast ${given}"${close ? `; did you mean "gast ${close}"?` : ''}`, {
    exitCode: exitCodes.usage,
    help: where,
  });
}

/** The longest beginning of the words that also begins a command. */
function commonPrefix(commands: readonly CommandEntry[], words: readonly string[]): string[] {
  for (let count = words.length; count > 0; count--) {
    const prefix = `${words.slice(0, count).join(' ')} `;
    if (commands.some((command) => command.name.startsWith(prefix))) return words.slice(0, count);
  }
  return [];
}

const nouns = (names: readonly string[]) => [
  ...new Set(names.filter((name) => name.includes(' ')).map((name) => name.slice(0, name.lastIndexOf(' ')))),
];
