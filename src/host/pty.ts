/**
 * Pseudo terminals: a pair for a program that needs a terminal, and the window size of terminals, ours or a guest's.
 * Reading and writing the master keep back-pressure.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import koffi from 'koffi';
import { call, libc } from './libc.ts';

const openMaster = call<[number]>('int posix_openpt(int flags)');
const unlock = call<[number]>('int unlockpt(int fd)');
const nameOf = call<[number, Buffer, number]>('int ptsname_r(int fd, _Out_ char *name, size_t size)');
const sizeStruct = koffi.struct({ rows: 'uint16', columns: 'uint16', x: 'uint16', y: 'uint16' });
const ioctlSize = libc.func('ioctl', 'int', ['int', 'ulong', koffi.pointer(sizeStruct)]);

const setWindowSize = 0x5414;
const closeOnExec = 0o2000000;
/** A full terminal tells nobody when it has room again. */
const fullRetryMs = 10;
const pathOnly = 0o10000000;
/** Majors of Unix98 pseudo terminal slaves. */
const slaveMajors = { first: 136, last: 143 };

export type TerminalSize = { width: number; height: number };
export type Pty = { master: number; slave: number };

/** Opens a pair, both close-on-exec; the slave becomes nobody's controlling terminal. The caller closes both. */
export function openPty(size: TerminalSize): Pty {
  const master = openMaster(constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | closeOnExec);
  try {
    unlock(master);
    const name = Buffer.alloc(64);
    nameOf(master, name, name.length);
    const path = name.toString('latin1', 0, name.indexOf(0));
    const slave = openSync(path, constants.O_RDWR | constants.O_NOCTTY | closeOnExec);
    resizeTerminal(master, size);
    return { master, slave };
  } catch (error) {
    closeSync(master);
    throw error;
  }
}

/** Reads a master as a stream that owns the descriptor. It ends with an error (EIO) when the last slave is closed. */
export function terminalReader(master: number): ReadStream {
  return new ReadStream(master);
}

/**
 * Writes to a master without ever waiting in the kernel: a guest that does not read its terminal must not stop the daemon,
 * and libuv would wait there. The descriptor stays the reader's.
 */
export async function writeTerminal(master: number, data: Uint8Array, closed: () => boolean): Promise<void> {
  for (let at = 0; at < data.length && !closed(); ) {
    try {
      at += writeSync(master, data, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await delay(fullRetryMs);
    }
  }
}

export function resizeTerminal(descriptor: number, size: TerminalSize): boolean {
  return ioctlSize(descriptor, setWindowSize, { rows: size.height, columns: size.width, x: 0, y: 0 }) === 0;
}

/**
 * Sets the size of the terminal that a process has as standard input; the kernel then sends it SIGWINCH. Needed because
 * crun 1.8.1 `exec -t` does not pass sizes on. False when there is no terminal any more.
 */
export function resizeTerminalOf(pid: number, size: TerminalSize): boolean {
  let seen: number | undefined;
  let terminal: number | undefined;
  try {
    // The process may have put anything in its place, a FIFO or another device: look before opening for real.
    seen = openSync(`/proc/${pid}/fd/0`, pathOnly | closeOnExec);
    const stat = fstatSync(seen);
    const major = (stat.rdev >> 8) & 0xfff;
    if ((stat.mode & constants.S_IFMT) !== constants.S_IFCHR) return false;
    if (major < slaveMajors.first || major > slaveMajors.last) return false;
    terminal = openSync(`/proc/self/fd/${seen}`, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    return resizeTerminal(terminal, size);
  } catch {
    return false;
  } finally {
    if (seen !== undefined) closeSync(seen);
    if (terminal !== undefined) closeSync(terminal);
  }
}
