/** One call of the command line, from its words to its exit code. */
import { accessSync, constants } from 'node:fs';
import { createClient } from '../client/client.ts';
import { ClientError, unreachable } from '../client/client-error.ts';
import { findSocketPath } from '../client/socket-path.ts';
import { CliError, exitCodes } from './cli-error.ts';
import type { Command, Input } from './command.ts';
import { commands } from './commands.ts';
import { createContext, type Streams } from './context.ts';
import { findCommand } from './dispatch.ts';
import { nounOverview, overview } from './overview.ts';
import { helpOf, parseWords } from './parse.ts';
import { type Texts, textsFor } from './texts/texts.ts';
import { version } from './version.ts';

export type Process = Streams & { env: Readonly<Record<string, string | undefined>>; uid: number };

export async function runCommandLine(words: readonly string[], streams: Process): Promise<number> {
  const texts = textsFor(streams.env);
  try {
    const [first] = words;
    if (words.length === 1 && (first === '--version' || first === '-v')) return print(streams, `${version}\n`);
    if (first === 'help') return help(words.slice(1), streams);
    const found = findCommand(commands, words);
    if (found.kind === 'overview') {
      return print(streams, found.prefix === '' ? overview(commands) : nounOverview(commands, found.prefix));
    }
    const input = parseWords(found.command, found.words);
    if (input === 'help') return print(streams, helpOf(found.command));
    return await runCommand(found.command, input, streams, texts);
  } catch (error) {
    return report(error, streams, texts);
  }
}

async function runCommand(command: Command, input: Input, streams: Process, texts: Texts): Promise<number> {
  const { quiet, debug } = input.options;
  const project = input.options.project ?? streams.env.GASTHOF_PROJECT;
  using client = createClient({
    socketPath: findSocketPath({ env: streams.env, uid: streams.uid, usable }),
    project: typeof project === 'string' && project !== '' ? project : undefined,
    userAgent: `gast ${version}`,
    onRequest: debug === true ? (line) => streams.stderr.write(`debug: ${line}\n`) : undefined,
  });
  const context = createContext({
    client,
    commands,
    streams,
    env: streams.env,
    texts,
    quiet: quiet === true,
    project: typeof project === 'string' ? project : undefined,
  });
  return (await command.run(context, input)) ?? exitCodes.ok;
}

function help(words: readonly string[], streams: Process): number {
  if (words.length === 0) return print(streams, overview(commands));
  const found = findCommand(commands, words);
  if (found.kind === 'command') return print(streams, helpOf(found.command));
  return print(streams, found.prefix === '' ? overview(commands) : nounOverview(commands, found.prefix));
}

function print(streams: Streams, text: string): number {
  streams.stdout.write(text);
  return exitCodes.ok;
}

function report(error: unknown, { stderr }: Streams, texts: Texts): number {
  if (!(error instanceof ClientError) && !(error instanceof CliError)) throw error;
  if (error.message !== '') stderr.write(`${texts('error')}: ${error.message}\n`);
  if (error.help) stderr.write(`  ${texts('try')}: ${error.help}\n`);
  if (error instanceof CliError) return error.exitCode;
  return error.code === unreachable ? exitCodes.unreachable : exitCodes.refused;
}

function usable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
