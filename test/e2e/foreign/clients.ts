/** Runs unmodified clients of others (`incus`, `lxc`) against a test daemon, each test with a configuration of its own. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { lacking, type TestDaemon } from '../../daemon.ts';

export type Ended = { code: number | null; stdout: string; stderr: string };
export type RunOptions = {
  stdin?: string | Buffer;
  /** Standard input is this file: who opens /dev/stdin cannot open the socket that a pipe of Node is. */
  stdinFile?: string;
  env?: Record<string, string>;
  cwd?: string;
  timeoutMs?: number;
};
export type ForeignClient = {
  /** Ends with any code. */
  try(words: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Standard output of a call that must succeed. */
  run(words: readonly string[], options?: RunOptions): Promise<string>;
};
export type ForeignClients = Disposable & {
  incus: ForeignClient;
  lxc: ForeignClient;
  directory: string;
  /** For other programs that start the clients. */
  env: Record<string, string>;
};

type ClientName = 'incus' | 'lxc';

/** Why tests with these clients cannot run here, false when they can. */
export function lackingClients(...names: ClientName[]): string | false {
  const missing = names.filter((name) => programOf(name) === undefined);
  return lacking() || (missing.length > 0 && `needs the programs ${missing.join(', ')} (npm test fetches them)`);
}

function programOf(name: ClientName): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** Both clients speak to the daemon's socket as their remote `local`. */
export function foreignClients(daemon: Pick<TestDaemon, 'directory'>): ForeignClients {
  const directory = mkdtempSync(join(tmpdir(), 'gast-foreign-'));
  const socket = join(daemon.directory, 'unix.socket');
  // lxc writes its settings only into a folder that is there.
  for (const name of ['incus', 'lxc']) mkdirSync(join(directory, name));
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    LANG: 'C.UTF-8',
    INCUS_SOCKET: socket,
    INCUS_CONF: join(directory, 'incus'),
    LXD_SOCKET: socket,
    LXD_CONF: join(directory, 'lxc'),
  };
  return {
    directory,
    env,
    incus: client('incus', env),
    lxc: client('lxc', env),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function client(name: ClientName, env: Record<string, string>): ForeignClient {
  const attempt = (words: readonly string[], options: RunOptions = {}) =>
    runProgram(programOf(name) ?? name, words, { ...options, env: { ...env, ...options.env } });
  return {
    try: attempt,
    async run(words, options) {
      const ended = await attempt(words, options);
      if (ended.code !== 0)
        throw new Error(`${name} ${words.join(' ')} ended with ${ended.code}:\n${ended.stderr}${ended.stdout}`);
      return ended.stdout;
    },
  };
}

/** A client that waits for an event that never comes hangs for ever: it is ended after the time, which fails the test. */
export function runProgram(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const input = options.stdinFile === undefined ? undefined : openSync(options.stdinFile, 'r');
  const stdio = [input ?? 'pipe', 'pipe', 'pipe'] as const;
  const child = spawn(program, words, { env: options.env, cwd: options.cwd, stdio: [...stdio] });
  if (input !== undefined) closeSync(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
  const parts: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  child.stdout?.on('data', (part: Buffer) => parts.stdout.push(part));
  child.stderr?.on('data', (part: Buffer) => parts.stderr.push(part));
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.stdin ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString() });
    });
  });
}
