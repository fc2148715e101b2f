/** Candidates for the last word of a line, from the table of commands and the names that the server knows. */
import type { Argument, Command, Completes, Option } from '../command.ts';
import type { CommandEntry } from '../commands.ts';
import type { Context } from '../context.ts';
import { longestName, splitLeading } from '../dispatch.ts';
import { globalOptions } from '../parse.ts';
import { namesFor } from './server-names.ts';

/** The script then completes files itself. */
export const files = '__files__';

export type Wanted = { completes: Completes | undefined; before: readonly string[] } | { words: string[] };

export async function complete(
  context: Context,
  commands: readonly CommandEntry[],
  line: readonly string[],
): Promise<string[]> {
  const last = line.at(-1) ?? '';
  const wanted = await wantedFor(commands, line);
  if ('words' in wanted) return begin(wanted.words, last);
  const { completes } = wanted;
  if (completes === 'file') return [files];
  if (completes === undefined || completes === 'command') return [];
  if (typeof completes !== 'string') return begin([...completes], last);
  try {
    return begin(await namesFor(context, completes, wanted.before, last), last);
  } catch {
    // A completion must never print an error into the line that is being typed.
    return [];
  }
}

const begin = (candidates: readonly string[], word: string) =>
  [...new Set(candidates)].filter((candidate) => candidate.startsWith(word)).sort();

/** What belongs at the place of the last word. */
export async function wantedFor(commands: readonly CommandEntry[], line: readonly string[]): Promise<Wanted> {
  const { rest } = splitLeading(line.slice(0, -1));
  const shown = commands.filter((command) => !command.hidden);
  const known = longestName(shown, rest);
  if (known) return wantedInCommand(await known.entry.load(), [...known.rest, line.at(-1) ?? '']);
  const prefix = rest.length === 0 ? '' : `${rest.join(' ')} `;
  const next = shown
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name }) => name.slice(prefix.length).split(' ')[0] ?? '');
  return { words: rest.length === 0 ? [...next, 'help'] : next };
}

function wantedInCommand(command: Command, words: readonly string[]): Wanted {
  const options = Object.values<Option>({ ...command.options, ...globalOptions });
  const last = words.at(-1) ?? '';
  const before: string[] = [];
  let ended = false;
  for (let at = 0; at < words.length - 1; at++) {
    const word = words[at] ?? '';
    if (!ended && word === '--') ended = true;
    else if (!ended && word.startsWith('-') && word.length > 1) {
      const option = options.find(({ flags }) => flags.split(/[ ,]+/).includes(word));
      if (option && option.kind !== 'flag' && ++at === words.length - 1) return { completes: option.completes, before };
    } else before.push(word);
  }
  if (last.startsWith('-') && !ended) return { words: [...options.flatMap(longFlags), '--help'] };
  return { completes: argumentAt(Object.values(command.args), before.length)?.completes, before };
}

const longFlags = ({ flags }: Option) => flags.split(/[ ,]+/).filter((word) => word.startsWith('--'));

/** The last argument takes the rest when it may be repeated. */
function argumentAt(args: readonly Argument[], position: number): Argument | undefined {
  const last = args.at(-1);
  return args[position] ?? (last && (last.count === 'some' || last.count === 'any') ? last : undefined);
}
