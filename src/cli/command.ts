/** What a command is: one literal. Parsing, help, completion and the guide all come from it. */
import type { Context } from './context.ts';

/** What the shell may complete a word with. */
export type Completes =
  | 'instance'
  | 'instance-path'
  | 'snapshot'
  | 'image'
  | 'image-or-recipe'
  | 'recipe'
  | 'alias'
  | 'profile'
  | 'network'
  | 'acl'
  | 'forward'
  | 'volume'
  | 'warning'
  | 'pool'
  | 'project'
  | 'remote'
  | 'operation'
  | 'file'
  | 'config-key'
  | 'command'
  | readonly string[];

export type Argument<T = unknown> = {
  label: string;
  count: 'one' | 'optional' | 'some' | 'any';
  completes: Completes | undefined;
  /** Only carries the type. */
  readonly value?: T;
};
export type Option<T = unknown> = {
  flags: string;
  summary: string;
  kind: 'flag' | 'text' | 'list';
  completes: Completes | undefined;
  readonly value?: T;
};

export const required = (label: string, completes?: Completes): Argument<string> => ({
  label,
  count: 'one',
  completes,
});
export const optional = (label: string, completes?: Completes): Argument<string | undefined> => ({
  label,
  count: 'optional',
  completes,
});
export const some = (label: string, completes?: Completes): Argument<string[]> => ({ label, count: 'some', completes });
export const any = (label: string, completes?: Completes): Argument<string[]> => ({ label, count: 'any', completes });

export const flag = (flags: string, summary: string): Option<boolean> => ({
  flags,
  summary,
  kind: 'flag',
  completes: undefined,
});
export const text = (flags: string, summary: string, completes?: Completes): Option<string | undefined> => ({
  flags,
  summary,
  kind: 'text',
  completes,
});
export const list = (flags: string, summary: string, completes?: Completes): Option<string[]> => ({
  flags,
  summary,
  kind: 'list',
  completes,
});

/** What people do; the overview is ordered by it. */
export const groups = ['guests', 'inside', 'snapshots', 'images', 'settings', 'network-storage', 'server'] as const;
export type Group = (typeof groups)[number];

export type Input = {
  args: Record<string, string | string[] | undefined>;
  options: Record<string, boolean | string | string[] | undefined>;
};
export type Command = {
  /** One to four words: `file push`. */
  name: string;
  /** Other full names of it. */
  aliases?: readonly string[];
  group: Group;
  summary: string;
  /** More than one line of what it does. */
  details?: string;
  args: Readonly<Record<string, Argument>>;
  options: Readonly<Record<string, Option>>;
  examples: readonly (readonly [command: string, what: string])[];
  /** Options after the second argument belong to somebody else (`exec`), or all after the first one (`ssh`). */
  passThrough?: true | 'after-first';
  /** The first argument is an image and may name another server than the one that the command works on. */
  imageFirst?: true;
  /** Works on image servers (simplestreams), too. */
  onImageServers?: true;
  /** Only asks whether there is a daemon: an ordinary user's is not started for it. */
  wakesNobody?: true;
  /** Not in help or completion. */
  hidden?: true;
  /** The exit code; nothing means 0. */
  run(context: Context, input: Input): Promise<number | undefined> | Promise<void>;
};

type Values<S> = { [K in keyof S]: S[K] extends Argument<infer T> | Option<infer T> ? T : never };
type TypedCommand<A, O> = Omit<Command, 'args' | 'options' | 'run'> & {
  args: A;
  options: O;
  run(context: Context, input: { args: Values<A>; options: Values<O> }): Promise<number | undefined> | Promise<void>;
};

export function defineCommand<A extends Record<string, Argument>, O extends Record<string, Option>>(
  command: TypedCommand<A, O>,
): Command {
  // The parser fills exactly what `args` and `options` declare, so the erased form is the same object.
  return command as unknown as Command;
}
