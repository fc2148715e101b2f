/** The frame of a vm.conf: statements and settings that end with their line, blocks in braces, and going on after mistakes. */
import { nearestName } from '../../../lib/nearest-name.ts';
import { type Lexer, type Place, type Token, VmConfError } from './lexer.ts';
import type { VmConf } from './statements.ts';

export type Parsing = {
  lexer: Lexer;
  conf: VmConf;
  warn(place: Place, text: string): void;
  fail(place: Place, text: string): never;
};

export function noteError(conf: VmConf, error: unknown): void {
  if (!(error instanceof VmConfError)) throw error;
  conf.errors.push({ file: error.place.file, line: error.place.line, text: error.message });
}

export function unknownWord(word: string, known: readonly string[], where: string): string {
  const meant = nearestName(word, known);
  return `unknown word "${word}" ${where}; ${meant ? `did you mean "${meant}"?` : `known are: ${known.join(', ')}`}`;
}

export function endOfLine({ lexer, fail }: Parsing): void {
  const token = lexer.peek();
  if (token.kind === 'newline' || token.kind === 'end') return;
  fail(token, `"${token.text}" is too much here; a statement ends with its line`);
}

const isMark = (token: Token, text: string) => token.kind === 'mark' && token.text === text;

/**
 * Goes to the end of the line, or of the block that begins on it. One mistake of a line is told, not all that follow from it.
 * `inBlock`: the brace that closes the block around stays.
 */
export function skip(lexer: Lexer, inBlock = false): void {
  for (let depth = 0; ; ) {
    try {
      const token = lexer.peek();
      if (token.kind === 'end') return;
      if (depth <= 0 && (token.kind === 'newline' || (inBlock && isMark(token, '}')))) return;
      if (isMark(token, '{')) depth += 1;
      if (isMark(token, '}')) depth -= 1;
      lexer.next();
    } catch (error) {
      if (!(error instanceof VmConfError)) throw error;
    }
  }
}

/** `{`, a setting on each line, `}`. A mistake in a setting costs that setting. */
export function block<T>(parsing: Parsing, of: string, setting: (before: readonly T[]) => T): T[] {
  const { lexer, fail, conf } = parsing;
  const open = lexer.next();
  if (!isMark(open, '{')) return fail(open, `${of} needs a block: {`);
  const settings: T[] = [];
  while (!isMark(nextInBlock(parsing, open, of), '}')) {
    try {
      settings.push(setting(settings));
      const after = lexer.peek();
      if (after.kind !== 'newline' && after.kind !== 'end' && !isMark(after, '}'))
        fail(after, `"${after.text}" is too much here; each setting stands on a line of its own`);
    } catch (error) {
      noteError(conf, error);
      skip(lexer, true);
    }
  }
  lexer.next();
  return settings;
}

/** The next word that is no end of a line; it is not taken yet. */
function nextInBlock({ lexer, fail, conf }: Parsing, open: Token, of: string): Token {
  for (;;) {
    try {
      const token = lexer.peek();
      if (token.kind === 'end') break;
      if (token.kind !== 'newline') return token;
      lexer.next();
    } catch (error) {
      noteError(conf, error);
    }
  }
  return fail(open, `the block of ${of} is not closed: } is missing`);
}
