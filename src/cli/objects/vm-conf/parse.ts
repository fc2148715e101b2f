/**
 * From the words of a vm.conf to its statements. Every mistake is noted with its line, and reading goes on after it, so that
 * all of them are told at once. Files come from the caller: pure.
 */
import { block, endOfLine, noteError, type Parsing, skip, unknownWord } from './blocks.ts';
import { keywords } from './keywords.ts';
import { createLexer, type Token, VmConfError } from './lexer.ts';
import { switchClause, vmClause } from './parse-clauses.ts';
import { owner, strings } from './parse-values.ts';
import type { VmClause, VmConf } from './statements.ts';

/** `from`: the file that includes it; absent for the first one. Rejects with what is wrong. */
export type ReadFile = (path: string, from: string | undefined) => Promise<{ path: string; text: string }>;

export async function parseVmConf(path: string, readFile: ReadFile): Promise<VmConf> {
  const first = await readFile(path, undefined);
  const conf: VmConf = { globals: [], switches: [], vms: [], errors: [], warnings: [], files: [first.path] };
  const lexer = createLexer(first.path, first.text);
  const parsing: Parsing = {
    lexer,
    conf,
    warn: ({ file, line }, text) => void conf.warnings.push({ file, line, text }),
    fail(place, text) {
      throw new VmConfError(place, text);
    },
  };
  for (;;) {
    try {
      const token = lexer.next();
      if (token.kind === 'end') break;
      if (token.kind === 'newline') continue;
      await statement(parsing, token, readFile);
    } catch (error) {
      noteError(conf, error);
      skip(lexer);
    }
  }
  for (const { name, file, line } of lexer.unused()) parsing.warn({ file, line }, `macro "${name}" is not used`);
  return conf;
}

const isKeyword = (token: Token) => token.kind === 'word' && (keywords as readonly string[]).includes(token.text);
const statements = ['agentx', 'include', 'local', 'socket', 'staggered', 'switch', 'vm'];

async function statement(parsing: Parsing, token: Token, readFile: ReadFile): Promise<void> {
  const { lexer, fail } = parsing;
  if (lexer.peek().kind === 'mark' && lexer.peek().text === '=') return macro(parsing, token);
  const make = token.kind === 'word' && Object.hasOwn(readers, token.text) ? readers[token.text] : undefined;
  if (token.kind === 'word' && token.text === 'include') return include(parsing, token, readFile);
  if (!make) return fail(token, unknownWord(token.text, statements, 'at the top of the file'));
  make(parsing, token);
  endOfLine(parsing);
}

function macro(parsing: Parsing, name: Token): void {
  const { lexer, fail } = parsing;
  lexer.next();
  if (isKeyword(name)) fail(name, `a macro cannot be named "${name.text}", which is a word of vm.conf`);
  if (!/^[A-Za-z0-9_]+$/.test(name.text))
    fail(name, `"${name.text}" is no name of a macro: letters, digits and "_" only`);
  const value = lexer.next();
  if (value.kind !== 'string' && value.kind !== 'word' && value.kind !== 'number')
    fail(value, `the macro "${name.text}" has no value`);
  endOfLine(parsing);
  lexer.define(name, name.text, value.text);
}

async function include(parsing: Parsing, token: Token, readFile: ReadFile): Promise<void> {
  const { lexer, fail, conf } = parsing;
  const path = strings(parsing, 'the file to include');
  endOfLine(parsing);
  const from = lexer.open.at(-1);
  const file = await readFile(path, from).catch((error: Error) => fail(token, `include: ${error.message}`));
  if (lexer.open.includes(file.path))
    fail(token, `include: ${file.path} is being read already, it would include itself`);
  if (lexer.peek().kind === 'newline') lexer.next();
  conf.files.push(file.path);
  lexer.enter(file.path, file.text);
}

const readers: Readonly<Record<string, (parsing: Parsing, at: Token) => void>> = {
  switch(parsing, { file, line }) {
    const name = strings(parsing, 'the name of the switch');
    const clauses = block(parsing, `switch "${name}"`, () => switchClause(parsing));
    parsing.conf.switches.push({ word: 'switch', file, line, name, clauses });
  },
  vm(parsing, { file, line }) {
    const first = strings(parsing, 'the name of the machine');
    const isInstance = parsing.lexer.peek().kind === 'word' && parsing.lexer.peek().text === 'instance';
    if (isInstance) parsing.lexer.next();
    const name = isInstance ? strings(parsing, 'the name of the instance') : first;
    if (!/^[A-Za-z][A-Za-z0-9._-]*$/.test(name))
      parsing.conf.errors.push({
        file,
        line,
        text: `"${name}" is no name of a machine: letters, digits, ".", "-" and "_", a letter first`,
      });
    const clauses = block(parsing, `vm "${name}"`, (before: readonly VmClause[]) => vmClause(parsing, before));
    parsing.conf.vms.push({ word: 'vm', file, line, name, ...(isInstance ? { parent: first } : {}), clauses });
  },
  local(parsing, { file, line }) {
    const { lexer, fail, conf } = parsing;
    const kind = lexer.next();
    if (kind.text !== 'prefix' && kind.text !== 'inet6')
      fail(kind, unknownWord(kind.text, ['prefix', 'inet6'], 'after "local"'));
    const hasPrefix = kind.text === 'prefix' || lexer.peek().text === 'prefix';
    if (kind.text === 'inet6' && hasPrefix) lexer.next();
    const prefix = hasPrefix ? { prefix: strings(parsing, 'ADDRESS/LENGTH') } : {};
    conf.globals.push({ word: kind.text === 'prefix' ? 'local prefix' : 'local inet6', file, line, ...prefix });
  },
  socket(parsing, { file, line }) {
    expect(parsing, 'owner', 'after "socket"');
    parsing.conf.globals.push({ word: 'socket owner', file, line, owner: owner(parsing) });
  },
  staggered(parsing, { file, line }) {
    for (const word of ['start', 'parallel']) expect(parsing, word, 'after "staggered"');
    const parallel = count(parsing, 'how many start at once');
    expect(parsing, 'delay', 'after "parallel"');
    const delaySeconds = count(parsing, 'seconds between them');
    parsing.conf.globals.push({ word: 'staggered start', file, line, parallel, delaySeconds });
  },
  agentx(parsing, { file, line }) {
    const found: { context?: string; path?: string } = {};
    for (const word of ['context', 'path'] as const) {
      if (parsing.lexer.peek().text !== word) continue;
      parsing.lexer.next();
      found[word] = strings(parsing, `the ${word} of agentx`);
    }
    parsing.conf.globals.push({ word: 'agentx', file, line, ...found });
  },
};

function expect({ lexer, fail }: Parsing, word: string, where: string): void {
  const token = lexer.next();
  if (token.kind !== 'word' || token.text !== word) fail(token, `"${word}" is missing ${where}`);
}

function count({ lexer, fail }: Parsing, what: string): number {
  const token = lexer.next();
  if (token.kind !== 'number') fail(token, `"${token.text.trim()}" is no number: ${what}`);
  return Number(token.text);
}
