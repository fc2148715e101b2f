/**
 * Starting programs. As everywhere in this room: argv only (no shell), an environment built from nothing, and no
 * descriptor beyond those listed. `run.ts` is for programs that are waited for.
 */
import { accessSync, closeSync, constants } from 'node:fs';
import type { Socket } from 'node:net';
import { HostError } from '../lib/host-error.ts';
import { makePipe, type Pipe, readableEnd, writableEnd } from './pipe.ts';
import { type ChildEnd, startChild } from './posix-spawn.ts';
import { joinFreshKeyring } from './session-keyring.ts';

export const baseEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
};

export type SpawnOptions = {
  /** Descriptors of the child from 0 on: a number is handed over, `ignore` is /dev/null, `pipe` a pipe to us. */
  stdio: (number | 'ignore' | 'pipe')[];
  env?: Record<string, string>;
  cwd?: string;
  /** Its own session: signals to our process group do not reach it. */
  detached?: boolean;
  /** It runs what is not ours: it must not inherit our keys. */
  freshKeyring?: boolean;
};

export type Spawned = {
  pid: number;
  /** Our ends of the pipes, by the child's descriptor: 0 is written, all others are read. */
  pipes: ReadonlyMap<number, Socket>;
  /** Exit code, 128+n for an end by signal n. Rejects never. */
  exited: Promise<ChildEnd>;
};

const known = new Map<string, string>();

/** Where a program is, looked for as the child's PATH would. Throws when it is nowhere. */
function findProgram(file: string): string {
  if (file.includes('/')) return file;
  const before = known.get(file);
  if (before !== undefined && isExecutable(before)) return before;
  const found = baseEnvironment.PATH.split(':')
    .map((directory) => `${directory}/${file}`)
    .find(isExecutable);
  if (found === undefined)
    throw new HostError(`cannot run ${file}: it is not installed`, {
      errno: 'ENOENT',
      help: `install the program ${file}, then see: gast doctor`,
    });
  known.set(file, found);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts a program; it runs when this returns. */
export function spawnProgram(file: string, args: readonly string[], options: SpawnOptions): Spawned {
  const path = findProgram(file);
  const pipes = new Map<number, Pipe>();
  for (const [index, kind] of options.stdio.entries()) if (kind === 'pipe') pipes.set(index, makePipe());
  const childEnd = (index: number, pipe: Pipe) => (index === 0 ? pipe.read : pipe.write);
  const ownEnd = (index: number, pipe: Pipe) => (index === 0 ? pipe.write : pipe.read);
  const descriptors = options.stdio.map((kind, index) => {
    const pipe = pipes.get(index);
    return pipe ? childEnd(index, pipe) : kind === 'ignore' ? undefined : (kind as number);
  });
  const ended = Promise.withResolvers<ChildEnd>();
  try {
    if (options.freshKeyring) joinFreshKeyring();
    const env = { ...baseEnvironment, ...options.env };
    const session = options.detached ?? false;
    const plan = { path, argv: [file, ...args], env, cwd: options.cwd ?? '/', descriptors, session };
    const pid = startChild(plan, ended.resolve);
    const ends = [...pipes].map(([index, pipe]): [number, Socket] => {
      const descriptor = ownEnd(index, pipe);
      return [index, index === 0 ? writableEnd(descriptor) : readableEnd(descriptor)];
    });
    return { pid, pipes: new Map(ends), exited: ended.promise };
  } catch (error) {
    for (const [index, pipe] of pipes) closeSync(ownEnd(index, pipe));
    throw error;
  } finally {
    for (const [index, pipe] of pipes) closeSync(childEnd(index, pipe));
  }
}
