/** One command inside a guest, connected to this process's streams; gives back its exit code. */
import { constants } from 'node:os';
import type { InstanceExecPost } from '../../api/resources/instances.ts';
import { ClientError } from '../../client/client-error.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { connectStream, controlMessage } from './operation-sockets.ts';
import { pumpIn, pumpOut } from './pump.ts';
import { enterRawMode } from './raw-mode.ts';

export type ExecRequest = Pick<InstanceExecPost, 'command' | 'environment' | 'user' | 'group' | 'cwd'> & {
  interactive: boolean;
  /** Nothing is read: `-n`. */
  noStdin: boolean;
};

/** What a session without a terminal of its own hands on to the command. */
const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

export async function execSession(context: Context, instance: string, request: ExecRequest): Promise<number> {
  const { interactive, noStdin, ...command } = request;
  const { stdin, stdout, stderr } = context.streams;
  const size = interactive ? { width: stdout.columns || 80, height: stdout.rows || 24 } : {};
  const operation = await context.client.start('POST /1.0/instances/{name}/exec', {
    params: { name: instance },
    body: { ...command, ...size, interactive, 'wait-for-websocket': true },
  });
  const finished = context.client.finish(operation);
  // Looked at below; a failure while the streams are still being connected must not count as unhandled.
  finished.catch(() => {});
  const connect = (stream: string) => connectStream(context, operation, stream);
  using control = await connect('control');
  using resize = interactive
    ? onResize(stdout, (width, height) => control.sendText(controlMessage.resize(width, height)))
    : nothing();
  using signals = interactive ? nothing() : forwardSignals((signal) => control.sendText(controlMessage.signal(signal)));
  // Control has to be the first (recorded from Incus clients); the others need not wait for each other.
  const [input, ...others] = await Promise.all((interactive ? ['0'] : ['0', '1', '2']).map(connect));
  if (input === undefined) throw new CliError('The server gave no stream for the input');
  using _input = input;
  const targets = [stdout, stderr];
  const outputs = interactive
    ? [pumpOut(input, stdout)]
    : others.map((socket, i) => pumpOut(socket, targets[i] ?? stderr));
  using raw = interactive ? enterRawMode(stdin) : nothing();
  using pump = noStdin ? nothing() : pumpIn(stdin, input);
  if (noStdin) input.sendText('');
  void [resize, signals, raw, pump, _input];
  // A failed start ends the operation without a word on the streams; a good one ends the streams first.
  const ending = finished.then(
    (ended) => exitCodeOf(ended.metadata?.return, request.command),
    (error: unknown) => startFailure(error, stderr),
  );
  await Promise.race([Promise.all(outputs), ending]);
  const code = await ending;
  await Promise.all(outputs);
  return code;
}

/** As shells and `incus exec` tell a command that could not be started. */
function startFailure(error: unknown, stderr: NodeJS.WriteStream): number {
  const code = error instanceof ClientError ? startFailures[error.code] : undefined;
  if (code === undefined) throw error;
  stderr.write(`${(error as ClientError).message}\n`);
  return code;
}

const startFailures: Record<string, number> = { 'exec.not-executable': 126, 'exec.not-found': 127 };

function exitCodeOf(code: unknown, command: readonly string[]): number {
  if (typeof code !== 'number') throw new CliError(`The server did not say how "${command.join(' ')}" ended`);
  return code < 0 ? 255 : code;
}

const nothing = (): Disposable => ({ [Symbol.dispose]: () => {} });

function onResize(stdout: NodeJS.WriteStream, tell: (width: number, height: number) => void): Disposable {
  const resized = () => tell(stdout.columns || 80, stdout.rows || 24);
  stdout.on('resize', resized);
  return { [Symbol.dispose]: () => void stdout.off('resize', resized) };
}

function forwardSignals(tell: (signal: number) => void): Disposable {
  const forward = (signal: NodeJS.Signals) => tell(constants.signals[signal]);
  for (const signal of forwardedSignals) process.on(signal, forward);
  return {
    [Symbol.dispose]: () => {
      for (const signal of forwardedSignals) process.off(signal, forward);
    },
  };
}
