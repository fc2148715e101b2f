/**
 * Parses the words after a command's name. `util.parseArgs` cuts them; what is wrong is said here, with what was meant.
 * (commander did the same for 15 ms more in each call.)
 */
import { parseArgs } from 'node:util';
import { usageError } from './cli-error.ts';
import { type Argument, type Command, flag, type Input, type Option, text } from './command.ts';
import { nearest } from './nearest.ts';
import { separateCommand } from './pass-through.ts';

export const globalOptions = {
  quiet: flag('-q, --quiet', 'print no messages and no progress'),
  debug: flag('--debug', 'print the requests to the server'),
  project: text('--project <name>', 'project to work in', 'project'),
  help: flag('-h, --help', 'show this help'),
};

type Named = { key: string; option: Option; longs: string[]; short: string | undefined };

/** `help`: the user asked for it. */
export function parseWords(command: Command, words: readonly string[]): Input | 'help' {
  const named = namedOptions(command);
  const options = named.map(({ option }) => option);
  const { tokens } = parseArgs({
    args: command.passThrough ? separateCommand(words, options, command.passThrough === 'after-first') : [...words],
    options: Object.fromEntries(named.flatMap(configEntries)),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Input['options'] = Object.fromEntries(named.map(({ key, option }) => [key, emptyValue(option)]));
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind === 'option') take(command, named, values, token);
  }
  if (values.help === true) return 'help';
  return { args: assign(command, positionals), options: values };
}

export const namedOptions = (command: Command): Named[] =>
  Object.entries<Option>({ ...command.options, ...globalOptions }).map(([key, option]) => {
    const words = flagWords(option);
    return {
      key,
      option,
      longs: words.filter((word) => word.startsWith('--')).map((word) => word.slice(2)),
      short: words.find((word) => /^-\w$/.test(word))?.slice(1),
    };
  });

export const flagWords = ({ flags }: Option) => flags.split(/[ ,]+/).filter((word) => word.startsWith('-'));

function configEntries({ option, longs, short }: Named) {
  const type = option.kind === 'flag' ? ('boolean' as const) : ('string' as const);
  return longs.map((long, i) => [long, { type, ...(i === 0 && short ? { short } : {}) }] as const);
}

const emptyValue = ({ kind }: Option) => (kind === 'flag' ? false : kind === 'list' ? [] : undefined);

type OptionToken = { name: string; rawName: string; value?: string | undefined };

function take(command: Command, named: readonly Named[], values: Input['options'], token: OptionToken): void {
  const found = named.find(({ longs }) => longs.includes(token.name));
  if (found === undefined) {
    const close = nearest(
      token.rawName,
      named.flatMap(({ option }) => flagWords(option)),
    );
    throw wrong(command, `Unknown option ${token.rawName}${close ? `; did you mean ${close}?` : ''}`);
  }
  const { key, option } = found;
  if (option.kind === 'flag') {
    if (token.value !== undefined && !['true', 'false'].includes(token.value)) {
      throw wrong(command, `${token.rawName} takes no value, but got "${token.value}"`);
    }
    values[key] = token.value !== 'false';
    return;
  }
  if (token.value === undefined) throw wrong(command, `${token.rawName} wants a value`);
  values[key] = option.kind === 'list' ? [...((values[key] as string[]) ?? []), token.value] : token.value;
}

function assign(command: Command, positionals: readonly string[]): Input['args'] {
  const result: Input['args'] = {};
  let rest = [...positionals];
  for (const [key, argument] of Object.entries(command.args)) {
    if (argument.count === 'some' || argument.count === 'any') {
      result[key] = rest;
      if (argument.count === 'some' && rest.length === 0) throw wrong(command, `<${argument.label}> is missing`);
      rest = [];
      continue;
    }
    const [value, ...more] = rest;
    if (value === undefined && argument.count === 'one') throw wrong(command, `<${argument.label}> is missing`);
    result[key] = value;
    rest = more;
  }
  if (rest.length > 0) throw wrong(command, `"${rest[0]}" is one word too many`);
  return result;
}

const wrong = (command: Command, message: string) =>
  usageError(message, `gast ${command.name} --help; usage: ${usageLine(command)}`);

const argumentForm = ({ count, label }: Argument) =>
  ({ one: `<${label}>`, optional: `[${label}]`, some: `<${label}...>`, any: `[${label}...]` })[count];

export function usageLine(command: Command): string {
  const words = Object.values(command.args).map(argumentForm);
  const options = Object.keys(command.options).length > 0 ? ['[options]'] : [];
  return ['gast', command.name, ...options, ...words].join(' ');
}
