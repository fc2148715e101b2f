/** The help of one command, from its literal. Pure. */
import type { Command, Option } from './command.ts';
import { globalOptions, usageLine } from './parse.ts';

export function helpOf(command: Command): string {
  const own = Object.values(command.options);
  const common = Object.values<Option>(globalOptions);
  const width = Math.max(...[...own, ...common].map((option) => shownFlags(option).length));
  const lines = (options: readonly Option[]) =>
    options.map((one) => `  ${shownFlags(one).padEnd(width)}  ${one.summary}`);
  const parts = [
    `Usage: ${usageLine(command)}`,
    command.details ? `${command.summary}\n\n${command.details}` : command.summary,
    ...(command.aliases ? [`Also: ${command.aliases.map((alias) => `gast ${alias}`).join(', ')}`] : []),
    ...(own.length > 0 ? [['Options:', ...lines(own)].join('\n')] : []),
    ['Everywhere:', ...lines(common)].join('\n'),
    ...(command.examples.length > 0 ? [['Examples:', ...exampleLines(command)].join('\n')] : []),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Options without a letter are indented, so that the long forms stand below each other. */
const shownFlags = ({ flags }: Option) => (flags.startsWith('--') ? `    ${flags}` : flags);

function exampleLines({ examples }: Command): string[] {
  const width = Math.max(...examples.map(([line]) => line.length));
  return examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`.trimEnd());
}
