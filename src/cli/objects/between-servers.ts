/**
 * Instances from one server to another: the target fetches (pull), the source sends (push), or what they say goes through
 * this computer (relay). The command's own server is the target.
 */
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

/** What travels: how the server that has it is asked to send it, and the command's own to take it. */
export type Journey = {
  source: Client;
  mode: string | undefined;
  label: string;
  send(target?: object): Promise<Operation>;
  receive(source: object): Promise<Operation>;
};

type Secrets = Record<string, string>;
const socketNames = ['control', 'fs'];

/** Gives the operation by which it arrived. */
export async function bring(context: Context, journey: Journey): Promise<Operation> {
  const { environment: here } = await journey.source.call('GET /1.0');
  const reachable = here?.addresses ?? [];
  const mode = journey.mode ?? (reachable.length > 0 ? 'pull' : 'relay');
  if (mode === 'relay') return relay(context, journey);
  if (mode === 'push') return push(context, journey);
  if (mode !== 'pull') throw new CliError(`The mode "${mode}" is not one of ${modes.join(', ')}`);
  if (reachable.length === 0)
    throw new CliError("The source server isn't listening on the network", {
      help: 'there: gast config set core.https_address :8443, or use --mode relay',
    });
  return pull(context, journey, reachable, here?.certificate ?? '');
}

/** A machine that runs has one more, for its memory. */
const socketsOf = ({ metadata }: Operation) => [...socketNames, ...(metadata?.criu === undefined ? [] : ['criu'])];

const secretsOf = (operation: Operation): Secrets =>
  Object.fromEntries(socketsOf(operation).map((name) => [name, String(operation.metadata?.[name] ?? '')]));

/** The target tries the addresses of the source in their order. */
async function pull(context: Context, journey: Journey, addresses: string[], certificate: string): Promise<Operation> {
  const operation = await journey.send();
  const problems: unknown[] = [];
  try {
    for (const address of addresses) {
      const url = `https://${address}/1.0/operations/${operation.id}`;
      const source = { mode: 'pull', operation: url, certificate, secrets: secretsOf(operation) };
      const started = await journey.receive(source);
      try {
        const ended = await context.follow(journey.label, started);
        await journey.source.finish(operation);
        return ended;
      } catch (error) {
        problems.push(error);
        if (!/cannot reach|timeout|refused/i.test(String(error))) break;
      }
    }
    throw problems[0];
  } catch (error) {
    await giveUp(journey.source, operation);
    throw error;
  }
}

async function push(context: Context, journey: Journey): Promise<Operation> {
  const { environment: there } = await context.client.call('GET /1.0');
  const [address] = there?.addresses ?? [];
  if (address === undefined)
    throw new CliError(`${context.server.name} isn't listening on the network`, { help: 'use --mode relay' });
  const started = await journey.receive({ mode: 'push' });
  const target = {
    operation: `https://${address}/1.0/operations/${started.id}`,
    certificate: there?.certificate ?? '',
    secrets: secretsOf(started),
  };
  try {
    const operation = await journey.send(target);
    const [ended] = await Promise.all([context.follow(journey.label, started), journey.source.finish(operation)]);
    return ended;
  } catch (error) {
    await giveUp(context.client, started);
    throw error;
  }
}

async function relay(context: Context, journey: Journey): Promise<Operation> {
  const operation = await journey.send();
  let started: Operation | undefined;
  const open: WebSocketConnection[] = [];
  try {
    started = await journey.receive({ mode: 'push' });
    for (const name of socketsOf(operation)) {
      const [from, to] = [
        await openSocket(journey.source, operation, name),
        await openSocket(context.client, started, name),
      ];
      open.push(from, to);
      passOn(from, to);
      passOn(to, from);
    }
    const [ended] = await Promise.all([context.follow(journey.label, started), journey.source.finish(operation)]);
    return ended;
  } catch (error) {
    await giveUp(journey.source, operation);
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
