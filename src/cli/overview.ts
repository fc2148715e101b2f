/** `gast help`: the commands, grouped by what people do; and the verbs of one noun. */
import type { Command, Group } from './command.ts';
import { groups } from './command.ts';

export const groupTitles: Record<Group, string> = {
  guests: 'Guests',
  inside: 'Inside a guest',
  snapshots: 'Snapshots and copies',
  images: 'Images',
  settings: 'Settings',
  'network-storage': 'Networks and storage',
  server: 'The server',
};

export function overview(commands: readonly Command[]): string {
  const shown = commands.filter((command) => !command.hidden);
  const parts = groups.map((group) => {
    const lines = overviewLines(shown.filter((command) => command.group === group));
    return `${groupTitles[group]}:\n${lines.join('\n')}\n`;
  });
  return [
    'gast: system containers and virtual machines on this computer\n',
    'Usage: gast <command> [options] [arguments]\n',
    ...parts,
    'Everywhere: --help with examples, -q/--quiet, --debug, --project NAME',
    'First steps: gast launch debian/12 web; gast shell web; gast list; gast delete -f web',
    '',
  ].join('\n');
}

/** One line for a verb; a noun with its verbs on one line. */
function overviewLines(commands: readonly Command[]): string[] {
  const nouns = new Map<string, Command[]>();
  for (const command of commands) {
    const noun = command.name.split(' ')[0] ?? '';
    nouns.set(noun, [...(nouns.get(noun) ?? []), command]);
  }
  return [...nouns].map(([noun, members]) => {
    const [only] = members;
    if (members.length === 1 && only) return `  ${only.name.padEnd(12)} ${only.summary}`;
    const verbs = [
      ...new Set(members.map((command) => command.name.split(' ')[1] ?? '').filter((verb) => verb !== '')),
    ];
    return `  ${noun.padEnd(12)} ${verbs.join(', ')}`;
  });
}

export function nounOverview(commands: readonly Command[], prefix: string): string {
  const members = commands.filter((command) => !command.hidden && command.name.startsWith(`${prefix} `));
  const width = Math.max(...members.map((command) => command.name.length));
  const lines = members.map((command) => `  gast ${command.name.padEnd(width)}  ${command.summary}`);
  return `Usage: gast ${prefix} <command> [options] [arguments]\n\n${lines.join('\n')}\n\nMore: gast ${prefix} <command> --help\n`;
}
