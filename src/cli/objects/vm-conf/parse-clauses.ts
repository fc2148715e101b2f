/** The settings inside the blocks of a vm.conf: of switches, of machines and of their network cards. */
import { normaliseMac } from '../../../lib/mac.ts';
import { block, type Parsing, unknownWord } from './blocks.ts';
import { memoryBytes } from './bytes.ts';
import type { Token } from './lexer.ts';
import { isText, owner, strings } from './parse-values.ts';
import type { CardClause, SwitchClause, VmClause } from './statements.ts';

/** What vmd knows as the highest routing domain, and the most cards and disks of a machine. */
const limits = { rdomain: 255, cards: 4, disks: 4 };

type Bare<T> = T extends unknown ? Omit<T, 'file' | 'line'> : never;
type Reader<T> = (parsing: Parsing, token: Token) => Bare<T>;
type Readers<T> = Readonly<Record<string, Reader<T>>>;

function clauseOf<T>(parsing: Parsing, readers: Readers<T>, where: string): T {
  const token = parsing.lexer.next();
  const read = token.kind === 'word' && Object.hasOwn(readers, token.text) ? readers[token.text] : undefined;
  if (!read) return parsing.fail(token, unknownWord(token.text, Object.keys(readers), where));
  return { ...read(parsing, token), file: token.file, line: token.line } as T;
}

const upDown = { up: () => ({ word: 'up' as const }), down: () => ({ word: 'down' as const }) };
const onOff = { enable: () => ({ word: 'enable' as const }), disable: () => ({ word: 'disable' as const }) };

const group: Reader<{ word: 'group'; value: string; file: string; line: number }> = (parsing, token) => {
  const value = strings(parsing, 'the name of the group');
  if (value.length > 15 || /\d$/.test(value))
    parsing.fail(token, `"${value}" is no interface group: at most 15 characters, no digit at the end`);
  return { word: 'group', value };
};

function rdomain({ lexer, fail }: Parsing): { word: 'rdomain'; id: number } {
  const token = lexer.next();
  if (token.kind !== 'number' || Number(token.text) > limits.rdomain)
    fail(token, `"${token.text.trim()}" is no routing domain: 0 to ${limits.rdomain}`);
  return { word: 'rdomain', id: Number(token.text) };
}

const switchReaders: Readers<SwitchClause> = {
  ...onOff,
  ...upDown,
  interface: (parsing) => ({ word: 'interface', value: strings(parsing, 'the name of the interface') }),
  add: (parsing) => ({ word: 'add', value: strings(parsing, 'the name of the interface') }),
  group,
  rdomain,
  locked({ lexer, fail }) {
    const token = lexer.next();
    if (token.text !== 'lladdr') fail(token, '"lladdr" is missing after "locked"');
    return { word: 'locked lladdr' };
  },
};

export const switchClause = (parsing: Parsing): SwitchClause => clauseOf(parsing, switchReaders, 'in a switch');

const cardReaders: Readers<CardClause> = {
  ...upDown,
  switch: (parsing) => ({ word: 'switch', value: strings(parsing, 'the name of the switch') }),
  group,
  rdomain,
  lladdr: (parsing) => ({ word: 'lladdr', locked: false, ...address(parsing) }),
  locked(parsing) {
    const token = parsing.lexer.next();
    if (token.text !== 'lladdr') parsing.fail(token, '"lladdr" is missing after "locked"');
    return { word: 'lladdr', locked: true, ...address(parsing) };
  },
};

function address({ lexer, fail }: Parsing): { address?: string } {
  if (!isText(lexer.peek())) return {};
  const token = lexer.next();
  const found = normaliseMac(token.text);
  if (!found) return fail(token, `"${token.text}" is no MAC address`);
  return { address: found };
}

/** In braces, or on the line of the interface, with or without commas. */
function cardClauses(parsing: Parsing): CardClause[] {
  const { lexer } = parsing;
  const read = () => clauseOf(parsing, cardReaders, 'in an interface');
  const mark = () => (lexer.peek().kind === 'mark' ? lexer.peek().text : undefined);
  if (mark() === '{') return block(parsing, 'interface', () => listed(parsing, read)).flat();
  return lexer.peek().kind === 'word' ? listed(parsing, read) : [];
}

function listed<T>({ lexer }: Parsing, read: () => T): T[] {
  const found = [read()];
  for (;;) {
    if (lexer.peek().kind === 'mark' && lexer.peek().text === ',') lexer.next();
    if (lexer.peek().kind !== 'word') return found;
    found.push(read());
  }
}

function card(parsing: Parsing, local: boolean): Bare<Extract<VmClause, { word: 'interface' }>> {
  const { lexer, fail } = parsing;
  const named = isText(lexer.peek()) ? lexer.next() : undefined;
  if (named && !/^tap\d*$/.test(named.text)) fail(named, `"${named.text}" is no interface of vmd: tap or tapN`);
  return { word: 'interface', local, ...(named ? { name: named.text } : {}), clauses: cardClauses(parsing) };
}

const vmReaders: Readers<VmClause> = {
  ...onOff,
  memory({ lexer, fail, warn }) {
    const token = lexer.next();
    const size = memoryBytes(token.text.trim());
    if ('wrong' in size) return fail(token, `memory: ${size.wrong}`);
    if (size.rounded) warn(token, `memory: ${token.text} is rounded down to ${size.bytes / 2 ** 20} megabytes`);
    return { word: 'memory', bytes: size.bytes };
  },
  boot(parsing) {
    const { lexer, fail } = parsing;
    if (lexer.peek().text !== 'device' || lexer.peek().kind !== 'word')
      return { word: 'boot', path: strings(parsing, 'the path of the kernel') };
    lexer.next();
    const token = lexer.next();
    const device = (['cdrom', 'disk', 'net'] as const).find((one) => one === token.text);
    if (!device) return fail(token, unknownWord(token.text.trim(), ['cdrom', 'disk', 'net'], 'as boot device'));
    return { word: 'boot device', device };
  },
  cdrom: (parsing) => ({ word: 'cdrom', path: strings(parsing, 'the path of the ISO image') }),
  disk(parsing) {
    const { lexer, fail } = parsing;
    const path = strings(parsing, 'the path of the disk');
    if (lexer.peek().kind !== 'word' || lexer.peek().text !== 'format') return { word: 'disk', path };
    lexer.next();
    const token = lexer.next();
    const format = (['raw', 'qcow2'] as const).find((one) => one === token.text.toLowerCase());
    if (!format) return fail(token, unknownWord(token.text.trim(), ['raw', 'qcow2'], 'as format of a disk'));
    return { word: 'disk', path, format };
  },
  interface: (parsing) => card(parsing, false),
  local(parsing) {
    const token = parsing.lexer.next();
    if (token.text !== 'interface') parsing.fail(token, '"interface" is missing after "local"');
    return card(parsing, true);
  },
  interfaces({ lexer, fail }) {
    const token = lexer.next();
    if (token.kind !== 'number' || Number(token.text) > limits.cards)
      fail(token, `"${token.text.trim()}" is no number of interfaces: 0 to ${limits.cards}`);
    return { word: 'interfaces', count: Number(token.text) };
  },
  owner: (parsing) => ({ word: 'owner', owner: owner(parsing) }),
  allow(parsing) {
    const { lexer, fail } = parsing;
    const token = lexer.next();
    if (token.text !== 'instance') fail(token, '"instance" is missing after "allow"');
    const braced = lexer.peek().kind === 'mark' && lexer.peek().text === '{';
    const of = braced
      ? block(parsing, 'allow instance', () => listed(parsing, () => permission(parsing))).flat()
      : [permission(parsing)];
    return { word: 'allow instance', of };
  },
};

const permissions = ['boot', 'memory', 'interface', 'disk', 'cdrom', 'instance', 'owner'];

function permission(parsing: Parsing): string {
  const token = parsing.lexer.next();
  if (token.kind !== 'word' || !permissions.includes(token.text))
    parsing.fail(token, unknownWord(token.text.trim(), permissions, 'in "allow instance"'));
  if (token.text !== 'owner') return token.text;
  const { user = '', group: ofGroup } = owner(parsing);
  return `owner ${user}${ofGroup ? `:${ofGroup}` : ''}`;
}

/** Of each of these a machine has one; the second one is a mistake, as with vmd. */
const single = ['memory', 'boot', 'cdrom', 'interfaces'];

export function vmClause(parsing: Parsing, before: readonly VmClause[] = []): VmClause {
  const clause = clauseOf(parsing, vmReaders, 'in a machine');
  if (single.includes(clause.word) && before.some(({ word }) => word === clause.word))
    parsing.fail(clause, `${clause.word} is said twice`);
  for (const [word, most] of [
    ['interface', limits.cards],
    ['disk', limits.disks],
  ] as const)
    if (clause.word === word && before.filter((one) => one.word === word).length >= most)
      parsing.fail(clause, `a machine of vmd has at most ${most} of ${word}`);
  return clause;
}
