/** What every command gets: the client, the two output streams, progress, and what the user said globally. */
import type { Operation } from '../api/resources/operations.ts';
import type { Client } from '../client/client.ts';
import type { FollowOptions } from '../client/follow-operation.ts';
import { CliError, exitCodes } from './cli-error.ts';
import type { CommandEntry } from './commands.ts';
import { progressOf } from './output/operation-progress.ts';
import { startTask, type Task } from './output/progress.ts';
import { type Environment, usesColour, usesUnicode } from './output/terminal-style.ts';
import type { Server } from './remotes/remotes-file.ts';
import type { Texts } from './texts/texts.ts';

export type Streams = {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
};
export type Context = {
  client: Client;
  /** The table of all commands, for completion. */
  commands: readonly CommandEntry[];
  streams: Streams;
  env: Environment;
  texts: Texts;
  /** stdout is a terminal. */
  isTerminal: boolean;
  colour: boolean;
  quiet: boolean;
  project: string | undefined;
  /** The server that the command works on. */
  server: Server;
  /** Data, to stdout. */
  print(text: string): void;
  /** A message, to stderr; silent with --quiet. */
  say(text: string): void;
  task(label: string): Task;
  /** Waits for an operation with progress and Ctrl-C; `label` says what is being done. */
  follow(label: string, operation: Operation): Promise<Operation>;
};
export type ContextOptions = {
  client: Client;
  commands: readonly CommandEntry[];
  streams: Streams;
  env: Environment;
  texts: Texts;
  quiet: boolean;
  project: string | undefined;
  server: Server;
};

export function createContext({
  client,
  commands,
  streams,
  env,
  texts,
  quiet,
  project,
  server,
}: ContextOptions): Context {
  const { stdout, stderr } = streams;
  const progressTarget = {
    write: (text: string) => {
      if (!quiet) stderr.write(text);
    },
    isTerminal: stderr.isTTY === true,
    columns: () => stderr.columns || 80,
    unicode: usesUnicode(env),
  };
  const context: Context = {
    client,
    commands,
    streams,
    env,
    texts,
    isTerminal: stdout.isTTY === true,
    colour: usesColour(stdout.isTTY === true, env),
    quiet,
    project,
    server,
    print: (text) => {
      stdout.write(text);
    },
    say: (text) => {
      if (!quiet) stderr.write(`${text}\n`);
    },
    task: (label) => startTask(progressTarget, label),
    follow: (label, operation) => followWithProgress(context, label, operation),
  };
  return context;
}

async function followWithProgress(context: Context, label: string, operation: Operation): Promise<Operation> {
  using task = context.task(label);
  const cancel = new AbortController();
  const leave = new AbortController();
  const interrupted = () => {
    if (cancel.signal.aborted)
      return leave.abort(
        new CliError(context.texts('left', { id: operation.id }), { exitCode: exitCodes.interrupted }),
      );
    task.hide();
    context.say(context.texts('cancelling'));
    cancel.abort();
  };
  const options: FollowOptions = {
    onProgress: context.quiet ? undefined : (latest) => task.update(progressOf(latest)),
    cancel: cancel.signal,
    onCancelRefused: () => {
      task.hide();
      context.say(context.texts('not-cancellable'));
    },
    signal: leave.signal,
  };
  process.on('SIGINT', interrupted);
  try {
    return await context.client.finish(operation, options);
  } finally {
    process.off('SIGINT', interrupted);
  }
}
