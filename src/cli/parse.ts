/** Parses the words after a command's name, by commander, and writes that command's help. */
import { CommanderError, Command as Parser, Option as ParserOption } from 'commander';
import { usageError } from './cli-error.ts';
import { type Argument, type Command, flag, type Input, type Option, text } from './command.ts';
import { separateCommand } from './pass-through.ts';

export const globalOptions = {
  quiet: flag('-q, --quiet', 'print no messages and no progress'),
  debug: flag('--debug', 'print the requests to the server'),
  project: text('--project <name>', 'project to work in', 'project'),
};

const argumentForm = (label: string, argument: Argument) =>
  ({ one: `<${label}>`, optional: `[${label}]`, some: `<${label}...>`, any: `[${label}...]` })[argument.count];

export function usageLine(command: Command): string {
  const words = Object.values(command.args).map((argument) => argumentForm(argument.label, argument));
  const options = Object.keys(command.options).length > 0 ? ['[options]'] : [];
  return ['gast', command.name, ...options, ...words].join(' ');
}

export function helpOf(command: Command): string {
  return buildParser(command).helpInformation();
}

/** `help`: the user asked for it. */
export function parseWords(command: Command, words: readonly string[]): Input | 'help' {
  const parser = buildParser(command);
  try {
    const options = Object.values({ ...command.options, ...globalOptions });
    parser.parse(command.passThrough ? separateCommand(words, options) : words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return 'help';
    throw usageError(plainMessage(error.message), `gast ${command.name} --help; usage: ${usageLine(command)}`);
  }
  const names = Object.keys(command.args);
  const values = parser.processedArgs as (string | string[] | undefined)[];
  const given = parser.opts<Input['options']>();
  const options = Object.entries({ ...command.options, ...globalOptions }).map(([name, option]) => [
    name,
    given[attributeOf(option)] ?? emptyValue(option),
  ]);
  return { args: Object.fromEntries(names.map((name, i) => [name, values[i]])), options: Object.fromEntries(options) };
}

function buildParser(command: Command): Parser {
  const parser = new Parser(`gast ${command.name}`)
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
    .helpOption('-h, --help', 'show this help')
    .description(command.details ? `${command.summary}\n\n${command.details}` : command.summary)
    .action(() => {});
  for (const argument of Object.values(command.args)) parser.argument(argumentForm(argument.label, argument));
  for (const option of Object.values({ ...command.options, ...globalOptions })) parser.addOption(parserOption(option));
  if (command.examples.length > 0) {
    const help = parser.helpInformation.bind(parser);
    parser.helpInformation = () => `${help()}\nExamples:\n${exampleLines(command)}\n`;
  }
  return parser;
}

function exampleLines(command: Command): string {
  const width = Math.max(...command.examples.map(([line]) => line.length));
  return command.examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`).join('\n');
}

function parserOption(option: Option): ParserOption {
  const made = plainOption(option);
  if (option.kind !== 'list') return made;
  return made.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
}

/** `--no-profiles` is read as what it says, not as commander's inverted `profiles`. */
function plainOption(option: Option): ParserOption {
  const made = new ParserOption(option.flags, option.summary);
  made.negate = false;
  return made;
}
const attributeOf = (option: Option) => plainOption(option).attributeName();

function emptyValue(option: Option): boolean | string[] | undefined {
  return option.kind === 'flag' ? false : option.kind === 'list' ? [] : undefined;
}

const plainMessage = (message: string) =>
  message
    .replace(/^error: /, '')
    .replace(/\n/g, ' ')
    .replace(/^./, (first) => first.toUpperCase());
