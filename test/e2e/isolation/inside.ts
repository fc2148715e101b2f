/**
 * Running scripts in guests over the API, for tests: a shell script, or Perl, which reaches every system call (perl-base
 * is part of every Debian). Whoever needs the outcome of many probes gets it by one exec.
 */
import { setTimeout } from 'node:timers/promises';
import type { Client } from '../../../src/client/client.ts';
import type { WebSocketConnection } from '../../../src/client/websocket.ts';

export type Outcome = { stdout: string; stderr: string; exitCode: number };

/** Runs a command as root of the guest; `input` is its standard input. */
export async function inside(
  client: Client,
  name: string,
  command: string[],
  options: { input?: string; cwd?: string; user?: number } = {},
): Promise<Outcome> {
  const operation = await client.start('POST /1.0/instances/{name}/exec', {
    params: { name },
    body: {
      command,
      cwd: options.cwd ?? '/',
      ...(options.user === undefined ? {} : { user: options.user }),
      'wait-for-websocket': true,
      interactive: false,
    } as never,
  });
  const finished = client.finish(operation);
  finished.catch(() => {});
  const secrets = operation.metadata?.fds as Record<string, string>;
  const connect = (stream: string) =>
    client.websocket(`/1.0/operations/${operation.id}/websocket?secret=${encodeURIComponent(secrets[stream] ?? '')}`);
  using _control = await connect('control');
  using stdin = await connect('0');
  using stdout = await connect('1');
  using stderr = await connect('2');
  const [out, err] = [collect(stdout), collect(stderr)];
  if (options.input) stdin.sendBinary(Buffer.from(options.input));
  stdin.sendText('');
  const ended = await finished;
  await Promise.race([Promise.all([out.closed, err.closed]), setTimeout(5000, undefined, { ref: false })]);
  return { stdout: out.text(), stderr: err.text(), exitCode: Number(ended.metadata?.return) };
}

function collect(socket: WebSocketConnection): { closed: Promise<void>; text(): string } {
  const chunks: Buffer[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.onMessage(({ binary, data }) => {
    if (binary) chunks.push(data);
    else if (data.length === 0) resolve();
  });
  void socket.closed.then(resolve);
  return { closed, text: () => Buffer.concat(chunks).toString('utf8') };
}

/** A script for the guest's `sh`, read from standard input so that its size does not matter. */
export const shell = (client: Client, name: string, script: string): Promise<Outcome> =>
  inside(client, name, ['sh', '-s'], { input: script });

export const perl = (client: Client, name: string, script: string): Promise<Outcome> =>
  inside(client, name, ['perl', '-'], { input: script });
