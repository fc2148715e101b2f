/**
 * Instances from one server to another: the target fetches (pull), the source sends (push), or what they say goes through
 * this computer (relay). The command's own server is the target.
 */
import type { InstancesPost } from '../../api/resources/instances.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { Client } from '../../client/client.ts';
import type { WebSocketConnection } from '../../client/websocket.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { chooseServer, readRemotes } from '../remotes/remotes-file.ts';
import { type ImageWord, readImageWord } from './remote-image.ts';

/** A guest without a remote is one of the default server, wherever it goes. */
export function readGuestWord(context: Context, word: string): ImageWord {
  const read = readImageWord(context, word);
  if (read.elsewhere || read.image !== word) return read;
  const chosen = chooseServer(readRemotes(context.env), undefined, context.env);
  return { image: word, elsewhere: chosen.name === context.server.name ? undefined : chosen };
}

export type Mode = 'pull' | 'push' | 'relay';
export const modes: readonly Mode[] = ['pull', 'push', 'relay'];

export type Going = {
  /** The server that has it. */
  source: Client;
  instance: string;
  snapshot: string | undefined;
  mode: string | undefined;
  request: { instance_only?: boolean; allow_inconsistent?: boolean };
  /** What it is to be on the target; `source` holds what was asked for beside where it comes from. */
  body: InstancesPost;
  project: string | undefined;
};

type Secrets = Record<string, string>;
const socketNames = ['control', 'fs'];

/** Gives the name of the new instance. */
export async function bringInstance(context: Context, going: Going): Promise<string> {
  const { environment: here } = await going.source.call('GET /1.0');
  const reachable = here?.addresses ?? [];
  const mode = going.mode ?? (reachable.length > 0 ? 'pull' : 'relay');
  if (mode === 'relay') return relay(context, going);
  if (mode === 'push') return push(context, going);
  if (mode !== 'pull') throw new CliError(`The mode "${mode}" is not one of ${modes.join(', ')}`);
  if (reachable.length === 0)
    throw new CliError("The source server isn't listening on the network", {
      help: 'there: gast config set core.https_address :8443, or use --mode relay',
    });
  return pull(context, going, reachable, here?.certificate ?? '');
}

function send(going: Going, target?: object): Promise<Operation> {
  const body = { migration: true, live: false, ...going.request, ...(target ? { target } : {}) };
  const { instance: name, snapshot } = going;
  if (snapshot === undefined) return going.source.start('POST /1.0/instances/{name}', { params: { name }, body });
  const params = { name, snapshot };
  return going.source.start('POST /1.0/instances/{name}/snapshots/{snapshot}', { params, body });
}

function receive(context: Context, { body, project }: Going, source: object): Promise<Operation> {
  const given = body.source ?? {};
  return context.client.start('POST /1.0/instances', {
    body: { ...body, source: { ...given, type: 'migration', ...source } },
    ...(project === undefined ? {} : { query: { project } }),
  });
}

const secretsOf = ({ metadata }: Operation): Secrets =>
  Object.fromEntries(socketNames.map((name) => [name, String(metadata?.[name] ?? '')]));

const label = (context: Context, { body, instance }: Going) =>
  context.texts('copying', { name: body.name ?? instance });

function nameOf(operation: Operation, going: Going): string {
  const [url] = operation.resources.instances ?? [];
  const path = url?.split('?')[0]?.split('/').at(-1);
  return path === undefined ? (going.body.name ?? going.instance) : decodeURIComponent(path);
}

/** The target tries the addresses of the source in their order. */
async function pull(context: Context, going: Going, addresses: string[], certificate: string): Promise<string> {
  const operation = await send(going);
  const problems: unknown[] = [];
  try {
    for (const address of addresses) {
      const url = `https://${address}/1.0/operations/${operation.id}`;
      const source = { mode: 'pull', operation: url, certificate, secrets: secretsOf(operation) };
      const started = await receive(context, going, source);
      try {
        const ended = await context.follow(label(context, going), started);
        await going.source.finish(operation);
        return nameOf(ended, going);
      } catch (error) {
        problems.push(error);
        if (!/cannot reach|timeout|refused/i.test(String(error))) break;
      }
    }
    throw problems[0];
  } catch (error) {
    await giveUp(going.source, operation);
    throw error;
  }
}

async function push(context: Context, going: Going): Promise<string> {
  const { environment: there } = await context.client.call('GET /1.0');
  const [address] = there?.addresses ?? [];
  if (address === undefined)
    throw new CliError(`${context.server.name} isn't listening on the network`, { help: 'use --mode relay' });
  const started = await receive(context, going, { mode: 'push' });
  const target = {
    operation: `https://${address}/1.0/operations/${started.id}`,
    certificate: there?.certificate ?? '',
    secrets: secretsOf(started),
  };
  try {
    const operation = await send(going, target);
    const [ended] = await Promise.all([context.follow(label(context, going), started), going.source.finish(operation)]);
    return nameOf(ended, going);
  } catch (error) {
    await giveUp(context.client, started);
    throw error;
  }
}

async function relay(context: Context, going: Going): Promise<string> {
  const operation = await send(going);
  let started: Operation | undefined;
  const open: WebSocketConnection[] = [];
  try {
    started = await receive(context, going, { mode: 'push' });
    for (const name of socketNames) {
      const [from, to] = [
        await openSocket(going.source, operation, name),
        await openSocket(context.client, started, name),
      ];
      open.push(from, to);
      passOn(from, to);
      passOn(to, from);
    }
    const [ended] = await Promise.all([context.follow(label(context, going), started), going.source.finish(operation)]);
    return nameOf(ended, going);
  } catch (error) {
    await giveUp(going.source, operation);
    if (started) await giveUp(context.client, started);
    throw error;
  } finally {
    for (const socket of open) socket[Symbol.dispose]();
  }
}

function openSocket(client: Client, operation: Operation, name: string): Promise<WebSocketConnection> {
  const secret = encodeURIComponent(secretsOf(operation)[name] ?? '');
  return client.websocket(`/1.0/operations/${operation.id}/websocket?secret=${secret}`);
}

/** Every frame as it is; a side that takes nothing holds the other back. */
function passOn(from: WebSocketConnection, to: WebSocketConnection): void {
  from.onMessage(({ binary, data }) => {
    if (!binary) return to.sendText(data.toString());
    if (to.sendBinary(data)) return;
    from.pause();
    to.drained().then(() => from.resume());
  });
  from.closed.then(() => to.close());
}

/** What waits for nobody any more; it may have ended by itself. */
async function giveUp(client: Client, { id }: Operation): Promise<void> {
  await client.call('DELETE /1.0/operations/{id}', { params: { id } }).catch(() => {});
}
