/** For commands that carry another command (`exec`): finds where that begins, so that its options stay its own. Pure. */
import type { Option } from './command.ts';

/**
 * Puts `--` before the second word that is no option: `exec web ls -l` becomes `exec web -- ls -l`. `afterFirst`: behind the
 * first one, whatever follows: `ssh web -v` becomes `ssh web -- -v`.
 */
export function separateCommand(words: readonly string[], options: readonly Option[], afterFirst = false): string[] {
  let positionals = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return [...words];
    if (word.startsWith('-') && word !== '-') {
      if (takesNextWord(word, options)) at++;
      continue;
    }
    if (afterFirst)
      return words[at + 1] === '--' ? [...words] : [...words.slice(0, at + 1), '--', ...words.slice(at + 1)];
    if (++positionals === 2) return [...words.slice(0, at), '--', ...words.slice(at)];
  }
  return [...words];
}

function takesNextWord(word: string, options: readonly Option[]): boolean {
  const option = options.find(({ flags }) => flags.split(/[ ,]+/).includes(word));
  return option !== undefined && option.kind !== 'flag';
}
