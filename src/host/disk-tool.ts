/**
 * qemu-img (QEMU 7.2 or later), for files that strangers or guests have written: it always runs confined to the files of the
 * call, by names of ours, so that whatever is written in them leads nowhere. Its locks keep it off a disk that a QEMU has open.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import { HostError } from '../lib/host-error.ts';
import { type ConfinedFile, startConfinedToFiles } from './confined.ts';
import { diskInUse } from './disk-locks.ts';

export type DiskToolOptions = {
  /** An existing directory where another one is made for as long as it runs. */
  scratchDirectory: string;
  files: readonly ConfinedFile[];
  /** Of each file that it writes. */
  fileBytes?: number;
  /** Exit codes that are not errors. @default [0] */
  accept?: readonly number[];
  signal?: AbortSignal | undefined;
};

/** Its own tables of the biggest disks that it opens take some 100 MiB; libraries count, too. */
const memoryKiB = 3 * 1024 * 1024;
/** A disk of a terabyte takes less. */
const processorSeconds = 6 * 60 * 60;

/** Owner of the files or not: nothing but them is there. */
const capabilities = '-all,+dac_override';

/** Resolves with the exit code; throws `HostError` with what it said. */
export async function runDiskTool(args: readonly string[], options: DiskToolOptions): Promise<number> {
  const room = `${options.scratchDirectory}/.room-${randomUUID()}`;
  await mkdir(room, { mode: 0o700 });
  try {
    const { fileBytes } = options;
    const limits = { memoryKiB, processorSeconds, ...(fileBytes === undefined ? {} : { fileBytes }) };
    const command = ['qemu-img', ...args];
    const program = startConfinedToFiles({ room, capabilities, limits }, options.files, command, {
      signal: options.signal,
    });
    await program.ended;
    return 0;
  } catch (error) {
    const { exitCode } = error as HostError;
    if (error instanceof HostError && exitCode !== undefined && options.accept?.includes(exitCode)) return exitCode;
    throw explained(error);
  } finally {
    await rmdir(room);
  }
}

/** What it says when something else has the disk open. */
const isLocked = /Failed to get .*lock/;

function explained(error: unknown): unknown {
  if (!(error instanceof HostError)) return error;
  if (isLocked.test(error.message)) return diskInUse(error);
  if (/failed to execute qemu-img/.test(error.message))
    return new HostError('the program qemu-img is missing', { help: 'install the package qemu-utils', cause: error });
  // The words of the start are not what people look for.
  const { errno, exitCode, help } = error;
  return new HostError(error.message.replace(/^setpriv: /, 'qemu-img: '), {
    ...(errno === undefined ? {} : { errno }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(help === undefined ? {} : { help }),
    cause: error,
  });
}
