/** The guide of the command line, docs/guide/cli.md, from the table of commands. Pure. */
import type { Command } from './command.ts';
import { groupTitles } from './overview.ts';
import { usageLine } from './parse.ts';

export function guide(commands: readonly Command[]): string {
  const shown = commands.filter((command) => !command.hidden);
  const parts = Object.entries(groupTitles).map(([group, title]) => {
    const members = shown.filter((command) => command.group === group);
    return `## ${title}\n\n${members.map(section).join('\n')}`;
  });
  return `${head}\n${parts.join('\n')}`;
}

const head = `# The command line

Made from the table of commands (\`src/cli/commands.ts\`) by \`node src/cli/write-guide.ts\`; do not edit it here.
\`gast COMMAND --help\` shows the same.

Everywhere: \`--help\`, \`-q\`/\`--quiet\` (no messages), \`--debug\` (prints the requests), \`--project NAME\`.
Data goes to stdout, messages and progress to stderr. \`GASTHOF_DIR\` chooses the daemon, \`NO_COLOR\` turns colours off,
\`LANG=de_DE.UTF-8\` gives German messages.

\`gast remote add otto TOKEN\` makes another server known. From then on \`otto:web\` is the guest \`web\` there, and \`otto:\` alone
the server itself (\`gast list otto:\`, \`gast config show otto:\`), in every command. \`gast remote switch\` or \`GASTHOF_REMOTE\`
chooses the server that is meant without a name. \`GASTHOF_CONF\` is the directory of remotes, their certificates and your key.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused: the reason and what to do are on stderr |
| 2 | wrong words or options |
| 3 | the daemon is not reachable |
| 4 | \`wait\` ran out of time |
| 130 | left by Ctrl-C |

\`exec\` and \`shell\` give the exit code of what they ran.
`;

function section(command: Command): string {
  const options = Object.values(command.options).map(({ flags, summary }) => `- \`${flags}\`: ${summary}`);
  const examples = command.examples.map(([line, what]) => `${line}${what === '' ? '' : `  # ${what}`}`);
  const parts = [
    `### gast ${command.name}`,
    `\`${usageLine(command)}\``,
    `${command.summary}.`,
    ...(command.aliases ? [`Also: ${command.aliases.map((alias) => `\`gast ${alias}\``).join(', ')}.`] : []),
    ...(command.details ? [`\`\`\`text\n${command.details}\n\`\`\``] : []),
    ...(options.length > 0 ? [options.join('\n')] : []),
    ...(examples.length > 0 ? [`\`\`\`sh\n${examples.join('\n')}\n\`\`\``] : []),
  ];
  return `${parts.join('\n\n')}\n`;
}
