/** Runs the command line in tests: plain with its streams, or on a pseudo terminal as a person would. */
import { spawn } from 'node:child_process';
import { type IPty, spawn as spawnPty } from '@lydell/node-pty';
import { gast } from '../daemon.ts';

export type Ended = { code: number | null; stdout: string; stderr: string };

export function runGast(
  env: Record<string, string>,
  words: readonly string[],
  stdin: string | Buffer = '',
): Promise<Ended> {
  const child = spawn(gast, words, { env, stdio: 'pipe' });
  const parts: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  child.stdout.on('data', (part: Buffer) => parts.stdout.push(part));
  child.stderr.on('data', (part: Buffer) => parts.stderr.push(part));
  // The program may end without reading what it is given.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString() }),
    );
  });
}

/**
 * The command line of this environment where nothing may go wrong; resolves to what it prints, without the end of the line.
 * `explain` says more of a call that failed.
 */
export function sureGast(
  env: Record<string, string>,
  explain: () => string = () => '',
): (...words: string[]) => Promise<string> {
  return async (...words) => {
    const { code, stdout, stderr } = await runGast(env, words);
    if (code !== 0) throw new Error(`gast ${words.join(' ')}: ${stderr}${explain()}`);
    return stdout.trim();
  };
}

/** The same where the command line has to refuse; resolves to what it says. */
export function refusedGast(env: Record<string, string>): (...words: string[]) => Promise<string> {
  return async (...words) => {
    const { code, stderr } = await runGast(env, words);
    if (code !== 1) throw new Error(`gast ${words.join(' ')} ended with ${code} instead of a refusal: ${stderr}`);
    return stderr;
  };
}

export type Terminal = Disposable & {
  pty: IPty;
  /** Resolves when what was shown so far matches. */
  shows(pattern: RegExp): Promise<void>;
  type(text: string): void;
  shown(): string;
  ended: Promise<number>;
};

/** `line` is shell text; `$GAST` in it is the command line. */
export function openTerminal(env: Record<string, string>, line: string): Terminal {
  const pty = spawnPty('/bin/sh', ['-c', line], { cols: 91, rows: 31, env: { ...env, GAST: gast, TERM: 'xterm' } });
  let text = '';
  let looks: (() => void)[] = [];
  pty.onData((part) => {
    text += part;
    for (const look of looks) look();
  });
  const ended = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)));
  return {
    pty,
    ended,
    shown: () => text,
    type: (words) => pty.write(words),
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${pattern} was not shown within 20 s:\n${text}`)), 20_000);
        const look = () => {
          if (!pattern.test(text)) return;
          clearTimeout(timer);
          looks = looks.filter((one) => one !== look);
          resolve();
        };
        looks.push(look);
        look();
      }),
    [Symbol.dispose]: () => pty.kill('SIGKILL'),
  };
}
