/** One call of the command line, from its words to its exit code. */
import type { ClientOptions } from '../client/client.ts';
import { ClientError, unreachable } from '../client/client-error.ts';
import { chosenProject } from './chosen-project.ts';
import { CliError, exitCodes } from './cli-error.ts';
import type { Command, Input } from './command.ts';
import { commands, loadAll } from './commands.ts';
import { createContext, type Streams } from './context.ts';
import { findCommand } from './dispatch.ts';
import { createLocalClient, localServer } from './own-daemon/local-client.ts';
import { parseWords } from './parse.ts';
import { chooseServer, readRemotes, type Server } from './remotes/remotes-file.ts';
import { takeRemote } from './remotes/take-remote.ts';
import { type Texts, textsFor } from './texts/texts.ts';
import { version } from './version.ts';

export type Process = Streams & { env: Readonly<Record<string, string | undefined>>; uid: number };

export async function runCommandLine(words: readonly string[], streams: Process): Promise<number> {
  const texts = textsFor(streams.env);
  try {
    const [first] = words;
    if (words.length === 1 && (first === '--version' || first === '-v')) return print(streams, `${version}\n`);
    if (first === 'help') return await help(words.slice(1), streams);
    const found = findCommand(commands, words);
    if (found.kind === 'overview') return await showOverview(found.prefix, streams);
    const command = await found.entry.load();
    const known = readRemotes(streams.env);
    const taken = takeRemote(command, found.words, (name) => Object.hasOwn(known.remotes, name));
    const input = parseWords(command, taken.words);
    if (input === 'help') return await showHelp(command, streams);
    return await runCommand(command, input, chooseServer(known, taken.remote, streams.env), streams, texts);
  } catch (error) {
    return report(error, streams, texts);
  }
}

async function runCommand(
  command: Command,
  input: Input,
  server: Server,
  streams: Process,
  texts: Texts,
): Promise<number> {
  if (server.remote.protocol === 'simplestreams' && !command.onImageServers)
    throw new CliError(`${server.name} is an image server: it has images and nothing else`, {
      help: `gast image list ${server.name}:; gast launch ${server.name}:IMAGE NAME`,
    });
  const { quiet, debug } = input.options;
  const isLocal = server.remote.protocol === 'unix';
  const address = isLocal ? localServer(streams.env, streams.uid).socketPath : server.remote.url;
  const wanted = input.options.project ?? streams.env.GASTHOF_PROJECT ?? chosenProject(streams.env, address);
  const project = (typeof wanted === 'string' && wanted !== '' ? wanted : undefined) ?? server.remote.project;
  const options: Omit<ClientOptions, 'socketPath'> = {
    project,
    userAgent: `gast ${version}`,
    onRequest: debug === true ? (line) => streams.stderr.write(`debug: ${line}\n`) : undefined,
  };
  const say = (line: string) => (quiet === true ? undefined : streams.stderr.write(`${line}\n`));
  // TLS costs time to load, and most calls need none.
  using client = isLocal
    ? createLocalClient({ env: streams.env, uid: streams.uid, texts, say }, options, !command.wakesNobody)
    : (await import('./remotes/connect.ts')).connectRemote(streams.env, server.name, server.remote, options);
  const context = createContext({
    client,
    commands,
    streams,
    env: streams.env,
    texts,
    quiet: quiet === true,
    project,
    server,
  });
  return (await command.run(context, input)) ?? exitCodes.ok;
}

async function help(words: readonly string[], streams: Process): Promise<number> {
  const found = findCommand(commands, words);
  if (found.kind === 'overview') return showOverview(found.prefix, streams);
  return showHelp(await found.entry.load(), streams);
}

async function showHelp(command: Command, streams: Process): Promise<number> {
  const { helpOf } = await import('./help.ts');
  return print(streams, helpOf(command));
}

async function showOverview(prefix: string, streams: Process): Promise<number> {
  const [all, { nounOverview, overview }] = await Promise.all([loadAll(commands), import('./overview.ts')]);
  return print(streams, prefix === '' ? overview(all) : nounOverview(all, prefix));
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
