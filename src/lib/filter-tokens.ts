/** Cuts a filter into words, quoted texts and parentheses. */
export type FilterToken = { text: string; quoted: boolean };

/** `fail` makes the error to throw. A backslash in quotes keeps the next quote or backslash. */
export function filterTokens(text: string, fail: (what: string) => Error): FilterToken[] {
  const tokens: FilterToken[] = [];
  let position = 0;
  while (position < text.length) {
    const character = text[position] ?? '';
    if (/\s/.test(character)) {
      position += 1;
    } else if (character === '"' || character === "'") {
      const quoted = readQuoted(text, position, fail);
      tokens.push({ text: quoted.text, quoted: true });
      position = quoted.end;
    } else if (character === ')' || (character === '(' && !isValueNext(tokens))) {
      tokens.push({ text: character, quoted: false });
      position += 1;
    } else {
      const end = wordEnd(text, position);
      tokens.push({ text: text.slice(position, end), quoted: false });
      position = end;
    }
  }
  return tokens;
}

/** A value may begin with a parenthesis of its own: `name eq (web|mail)`. */
function isValueNext(tokens: readonly FilterToken[]): boolean {
  const last = tokens.at(-1);
  return tokens.length >= 2 && last !== undefined && !last.quoted && /^(eq|ne|gt|ge|lt|le)$/i.test(last.text);
}

function readQuoted(text: string, start: number, fail: (what: string) => Error): { text: string; end: number } {
  const quote = text[start];
  let content = '';
  for (let position = start + 1; position < text.length; position++) {
    const character = text[position] ?? '';
    const following = text[position + 1];
    if (character === quote) return { text: content, end: position + 1 };
    if (character === '\\' && (following === quote || following === '\\')) {
      content += following;
      position += 1;
    } else content += character;
  }
  throw fail('unterminated quote');
}

/** A word may hold balanced parentheses (`web(1|2)`); a closing one that it did not open ends it. */
function wordEnd(text: string, start: number): number {
  let open = 0;
  for (let position = start; position < text.length; position++) {
    const character = text[position] ?? '';
    if (/\s/.test(character)) return position;
    if (character === '(') open += 1;
    if (character === ')' && open-- === 0) return position;
  }
  return text.length;
}
