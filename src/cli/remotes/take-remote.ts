/** `REMOTE:name` on the line: finds the server that is meant and takes its name out of the words. Pure. */
import { CliError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { namedOptions } from '../parse.ts';

export type Taken = { remote: string | undefined; words: string[] };

const addressed = /^([A-Za-z0-9][\w.-]*):(.*)$/s;

/** Only names that `known` knows are servers; other words with a colon stay as they are, and images of `imageFirst`. */
export function takeRemote(command: Command, words: readonly string[], known: (name: string) => boolean): Taken {
  const options = namedOptions(command).map(({ option }) => option);
  const remotes = new Set<string>();
  const rest: string[] = [];
  let positionals = 0;
  let ended = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (ended || word === '--' || (word.startsWith('-') && word !== '-')) {
      ended ||= word === '--';
      rest.push(word);
      const option = ended ? undefined : options.find(({ flags }) => flags.split(/[ ,]+/).includes(word));
      const value = option && option.kind !== 'flag' ? words[++at] : undefined;
      if (value !== undefined) rest.push(value);
      continue;
    }
    positionals++;
    if (command.imageFirst && positionals === 1) {
      rest.push(word);
      continue;
    }
    const [, name = '', name2 = ''] = mayBeAddressed(command, positionals) ? (addressed.exec(word) ?? []) : [];
    if (name !== '' && known(name)) {
      remotes.add(name);
      if (name2 !== '') rest.push(name2);
    } else if (name !== '' && name2 === '') {
      throw new CliError(`The remote "${name}" doesn't exist`, { help: 'gast remote list' });
    } else rest.push(word);
  }
  if (remotes.size > 1) {
    throw new CliError(`"gast ${command.name}" works on one server at a time, not on ${[...remotes].join(' and ')}`);
  }
  return { remote: [...remotes][0], words: rest };
}

/** Values may have colons of their own: `config set web user.note a:b`. */
function mayBeAddressed({ name, passThrough }: Command, position: number): boolean {
  if (/^(remote|completion|__complete)/.test(name)) return false;
  return position === 1 || (!passThrough && !/^config |device|set|get|create$/.test(name));
}
