/**
 * The one place that loads libc. Other files of this room declare the calls they need with `call` and `syscall`;
 * both turn a negative result into a `HostError` that names the call and the errno.
 */
import koffi from 'koffi';
import { HostError } from '../lib/host-error.ts';

export const libc = koffi.load('libc.so.6');

const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value as number, name]));

/** The symbolic name of an error number. */
export const errnoOf = (value: number): string => errnoNames.get(value) ?? String(value);

/** The last errno as its symbolic name. */
export function errnoName(): string {
  return errnoOf(koffi.errno());
}

type Arguments = readonly unknown[];

/** Declares a libc function by its C prototype; the returned function throws on a result below zero. */
export function call<A extends Arguments>(prototype: string): (...args: A) => number {
  const native = libc.func(prototype);
  const name = /(\w+)\s*\(/.exec(prototype)?.[1] ?? prototype;
  return (...args) => checked(native(...args), name);
}

/** Numbers above 424 are the same on every architecture; the older ones here are x86-64 and arm64 alike only where noted. */
export const syscallNumbers = {
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  pidfd_open: 434,
  openat2: 437,
  pidfd_getfd: 438,
  mount_setattr: 442,
} as const;

/** Declares a system call that glibc 2.36 does not wrap; `types` are koffi type names of the arguments after the number. */
export function syscall<A extends Arguments>(
  name: keyof typeof syscallNumbers,
  types: readonly string[],
): (...args: A) => number {
  const native = libc.func('syscall', 'long', ['long', ...types]);
  return (...args) => checked(native(syscallNumbers[name], ...args), name);
}

function checked(result: unknown, name: string): number {
  const value = Number(result);
  if (value >= 0) return value;
  const errno = errnoName();
  throw new HostError(`${name}: ${errno}`, { errno });
}
