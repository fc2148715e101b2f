/**
 * The words of a vm.conf, one after the other, with file and line of each: quotes, comments, continued lines, macros, which
 * stand for text, and files that are included. The rules are those of vmd's own lexer.
 */
export type Place = { file: string; line: number };
export type Token = Place & {
  /** `word` may be a keyword; `string` was quoted; `number` has digits only; `mark` is one of `{ } = , ( ) !`. */
  kind: 'word' | 'string' | 'number' | 'mark' | 'newline' | 'end';
  text: string;
};

/** What is wrong with the file, for people. */
export class VmConfError extends Error {
  override readonly name = 'VmConfError';
  readonly place: Place;
  constructor(place: Place, message: string) {
    super(message);
    this.place = place;
  }
}

export type Lexer = {
  peek(): Token;
  next(): Token;
  define(at: Place, name: string, value: string): void;
  /** The text goes on in this file, and comes back after its end. */
  enter(file: string, text: string): void;
  /** The files that are being read, the innermost last. */
  readonly open: readonly string[];
  /** Names of macros that nothing has used, with their places. */
  unused(): (Place & { name: string })[];
};

type Source = { file: string; text: string; at: number; line: number; isMacro: boolean; hasEnded?: boolean };

/** Like vmd's: no word is longer. */
const longest = 8096;
const startsWord = /[A-Za-z0-9:_/]/;
const inWord = /[^\s(){}!=#,]/;
const blank = /[ \t\r]/;

export function createLexer(file: string, text: string): Lexer {
  const sources: Source[] = [{ file, text, at: 0, line: 1, isMacro: false }];
  const macros = new Map<string, Place & { value: string; used: boolean }>();
  let ahead: Token | undefined;

  const top = () => sources.at(-1) as Source;
  const placeOf = ({ file: name, line }: Source): Place => ({ file: name, line });
  const token = (kind: Token['kind'], value: string): Token => ({ kind, text: value, ...placeOf(top()) });

  /** The rest of the line is not read any further: the parser goes on with the next one. */
  const broken = (message: string): never => {
    const source = top();
    const place = placeOf(source);
    while (source.at < source.text.length && source.text[source.at] !== '\n') source.at += 1;
    throw new VmConfError(place, message);
  };

  /** Blanks, comments and joined lines. A comment goes on where its line does. */
  const skip = (source: Source) => {
    let isComment = false;
    for (;;) {
      const { at } = source;
      const char = source.text[at] ?? '';
      if (char === '\\' && /^\r?\n/.test(source.text.slice(at + 1, at + 3))) {
        source.at = source.text.indexOf('\n', at) + 1;
        source.line += 1;
      } else if (char === '#' || (isComment && char !== '' && char !== '\n')) {
        isComment = true;
        source.at += 1;
      } else if (blank.test(char)) source.at += 1;
      else return;
    }
  };

  const expand = (source: Source) => {
    const name = /^\w*/.exec(source.text.slice(source.at + 1))?.[0] ?? '';
    source.at += 1 + name.length;
    const macro = macros.get(name);
    if (!macro) return broken(name === '' ? '"$" stands alone' : `macro "${name}" is not defined`);
    macro.used = true;
    sources.push({ file: source.file, text: macro.value, at: 0, line: source.line, isMacro: true });
  };

  const quoted = (source: Source): Token => {
    const begun = token('string', '');
    const quote = source.text[source.at];
    let value = '';
    for (source.at += 1; ; source.at += 1) {
      const char = source.text[source.at];
      const after = source.text[source.at + 1] ?? '';
      if (char === undefined) throw new VmConfError(begun, 'the quoted text has no end');
      if (char === quote) break;
      if (char === '\0') return broken('there is a byte 0 in the text');
      if (char === '\n') source.line += 1;
      else if (char === '\\' && (after === quote || after === ' ' || after === '\t')) {
        value += after;
        source.at += 1;
      } else if (char === '\\' && after === '\n') {
        source.line += 1;
        source.at += 1;
      } else value += char;
      if (value.length > longest) return broken('the text is too long');
    }
    source.at += 1;
    return { ...begun, text: value };
  };

  const bare = (source: Source): Token => {
    const begin = source.at;
    while (inWord.test(source.text[source.at] ?? '')) source.at += 1;
    const value = source.text.slice(begin, source.at);
    if (value.length > longest) return broken('the word is too long');
    return token(/^\d+$/.test(value) ? 'number' : 'word', value);
  };

  function read(): Token {
    for (;;) {
      const source = top();
      skip(source);
      const char = source.text[source.at];
      if (char === undefined) {
        // A file ends its last line, and is left only after that: what the line includes is still in it.
        if (!source.isMacro && !source.hasEnded) {
          source.hasEnded = true;
          return token('newline', '\n');
        }
        if (sources.length === 1) return token('end', '');
        sources.pop();
      } else if (char === '\n') {
        const found = token('newline', '\n');
        source.at += 1;
        source.line += 1;
        return found;
      } else if (char === '$' && !source.isMacro) expand(source);
      else if (char === '"' || char === "'") return quoted(source);
      else if (startsWord.test(char)) return bare(source);
      else if (/[{}=,()!]/.test(char)) {
        const found = token('mark', char);
        source.at += 1;
        return found;
      } else return broken(`unexpected "${char}": what does not begin with a letter, digit, "_", ":" or "/" is quoted`);
    }
  }

  return {
    peek() {
      ahead ??= read();
      return ahead;
    },
    next() {
      const found = ahead ?? read();
      ahead = undefined;
      return found;
    },
    define({ file: name, line }, macro, value) {
      macros.set(macro, { file: name, line, value, used: false });
    },
    enter(name, content) {
      ahead = undefined;
      sources.push({ file: name, text: content, at: 0, line: 1, isMacro: false });
    },
    get open() {
      return sources.filter(({ isMacro }) => !isMacro).map(({ file: name }) => name);
    },
    unused: () =>
      [...macros].filter(([, { used }]) => !used).map(([name, { file: at, line }]) => ({ name, file: at, line })),
  };
}
