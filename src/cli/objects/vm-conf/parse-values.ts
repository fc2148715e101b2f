/** Values in a vm.conf: names and paths, numbers, owners. */
import type { Parsing } from './blocks.ts';
import { keywords } from './keywords.ts';
import type { Token } from './lexer.ts';
import type { Owner } from './statements.ts';

/** A word that is no keyword, or a quoted text. */
export const isText = (token: Token) =>
  token.kind === 'string' || (token.kind === 'word' && !(keywords as readonly string[]).includes(token.text));

/** One or more, which are put together without a gap: `$images "/web.qcow2"`. */
export function strings({ lexer, fail }: Parsing, what: string): string {
  if (!isText(lexer.peek())) {
    const found = lexer.next();
    const said = found.kind === 'newline' || found.kind === 'end' ? 'the end of the line' : `"${found.text}"`;
    const help = found.kind === 'word' || found.kind === 'number' ? ' (quote it, if it is one)' : '';
    return fail(found, `${what} is missing: found ${said}${help}`);
  }
  let value = '';
  while (isText(lexer.peek())) value += lexer.next().text;
  return value;
}

/** `user`, `user:group`, `:group` or the number of a user. */
export function owner({ lexer, fail }: Parsing): Owner {
  const token = lexer.next();
  if (token.kind === 'number') return { user: token.text };
  const [, user, group] = (isText(token) ? /^([^:]*)(?::([^:]*))?$/.exec(token.text) : undefined) ?? [];
  if (!user && !group)
    return fail(token, `the owner is missing: USER, USER:GROUP or :GROUP, not "${token.text.trim()}"`);
  return { ...(user ? { user } : {}), ...(group ? { group } : {}) };
}
