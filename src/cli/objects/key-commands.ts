/** `show`, `get`, `set`, `unset` and `edit` of a noun whose things have keys: the noun is a row, the commands are written once. */
import { type Argument, type Command, defineCommand, type Group, type Input, required, some } from '../command.ts';
import { printObject } from '../output/print-rows.ts';
import { editObject } from './edit.ts';
import type { Editable } from './editable.ts';
import { propertyOption } from './key-options.ts';
import { parseAssignments } from './key-values.ts';
import { getKey, setKeys, unsetKey } from './keys.ts';

type Verb = 'show' | 'get' | 'set' | 'unset' | 'edit';

/** What names one thing: a word each. */
export type Names = Readonly<Record<string, Argument<string>>>;
export type Named<A extends Names> = { readonly [K in keyof A]: string };

export type KeyNoun<A extends Names> = {
  /** The words before the verb. */
  noun: string;
  group: Group;
  /** How summaries call one of them. */
  one: string;
  /** What names one of them. */
  args: A;
  target(named: Named<A>): Editable;
  examples: Readonly<Record<Verb, Command['examples']>>;
};

export function keyCommands<A extends Names>(row: KeyNoun<A>): Record<Verb, Command> {
  const { noun, group, one, examples } = row;
  const args: Names = row.args;
  // The parser fills what `args` declares, and these are one word each.
  const target = (given: Input['args']) => row.target(given as Named<A>);
  const key = required('key');
  const options = { property: propertyOption };
  return {
    show: defineCommand({
      name: `${noun} show`,
      group,
      summary: `Show ${one} as YAML`,
      args,
      options: {},
      examples: examples.show,
      run: async (context, input) => printObject(context, 'yaml', (await target(input.args).read(context)).value),
    }),
    get: defineCommand({
      name: `${noun} get`,
      group,
      summary: `Print one key of ${one}`,
      args: { ...args, key },
      options,
      examples: examples.get,
      run: (context, input) => getKey(context, target(input.args), input.args.key, input.options),
    }),
    set: defineCommand({
      name: `${noun} set`,
      group,
      summary: `Set keys of ${one}`,
      args: { ...args, assignments: some('key=value') },
      options,
      examples: examples.set,
      run: (context, input) =>
        setKeys(context, target(input.args), parseAssignments(input.args.assignments), input.options),
    }),
    unset: defineCommand({
      name: `${noun} unset`,
      group,
      summary: `Unset a key of ${one}`,
      args: { ...args, key },
      options,
      examples: examples.unset,
      run: (context, input) => unsetKey(context, target(input.args), input.args.key, input.options),
    }),
    edit: defineCommand({
      name: `${noun} edit`,
      group,
      summary: `Edit ${one} as YAML in your editor, or from stdin`,
      args,
      options: {},
      examples: examples.edit,
      run: (context, input) => editObject(context, target(input.args)),
    }),
  };
}
