/** The few commands that guests of the fake engine know: true, echo, printenv, cat, sleep, sh -c '... exit N'. */
import { PassThrough } from 'node:stream';
import type { ExecSession, ExecSpec } from '../../src/core/ports/engine.ts';

export type FakeSession = ExecSession & {
  spec: ExecSpec;
  /** Sizes that a client asked for, in their order. */
  sizes: { width: number; height: number }[];
  signals: number[];
};

/** `ended` is told when the command is over. */
export function runFakeCommand(spec: ExecSpec, ended: (session: FakeSession) => void): FakeSession {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const exit = Promise.withResolvers<number>();
  let over = false;
  const end = (code: number) => {
    if (over) return;
    over = true;
    stdout.end();
    stderr.end();
    stdin.destroy();
    exit.resolve(code);
    ended(session);
  };
  const session: FakeSession = {
    spec,
    sizes: [],
    signals: [],
    stdin,
    stdout,
    ...(spec.terminal ? {} : { stderr }),
    exitCode: exit.promise,
    resize: (width, height) => void session.sizes.push({ width, height }),
    signal(signal) {
      session.signals.push(signal);
      end(128 + signal);
    },
    kill: () => end(137),
  };
  stdin.on('error', () => {});
  // After this turn: the caller gets the session before it can end.
  setImmediate(() => {
    const code = interpret(spec, { stdin, stdout, stderr, end });
    if (code !== undefined) end(code);
  });
  return session;
}

type Streams = { stdin: PassThrough; stdout: PassThrough; stderr: PassThrough; end(code: number): void };

/** The exit code, or undefined when the command goes on. */
function interpret(spec: ExecSpec, { stdin, stdout, stderr, end }: Streams): number | undefined {
  const [name = '', ...words] = spec.command;
  switch (name) {
    case 'true':
      return 0;
    case 'echo':
      stdout.write(`${words.join(' ')}\n`);
      return 0;
    case 'printenv':
      stdout.write(`${spec.environment[words[0] ?? ''] ?? ''}\n`);
      return 0;
    case 'cat':
      stdin.on('data', (chunk: Buffer) => stdout.write(chunk));
      stdin.once('end', () => end(0));
      return undefined;
    case 'sleep':
      stdin.resume();
      return undefined;
    case 'sh':
      return runScript(words[1] ?? '', stdout, stderr);
    default:
      stderr.write(`${name}: not found\n`);
      return 127;
  }
}

/** `echo TEXT`, `echo TEXT >&2` and `exit N`, joined by semicolons. */
function runScript(script: string, stdout: PassThrough, stderr: PassThrough): number {
  for (const part of script.split(';').map((text) => text.trim())) {
    const [, code] = /^(?:exec )?(?:sh -c )?['"]?exit (\d+)/.exec(part) ?? [];
    if (code !== undefined) return Number(code);
    const [, text, aside] = /^echo (.*?)( >&2)?$/.exec(part) ?? [];
    if (text !== undefined) (aside ? stderr : stdout).write(`${text}\n`);
  }
  return 0;
}
