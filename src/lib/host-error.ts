/**
 * The host refused: a program failed, a system call returned an error, a file was not what it must be.
 * It is neither the caller's fault (`api/errors.ts`) nor a bug. The text names what was tried and what was seen.
 */
export class HostError extends Error {
  /** Symbolic errno (`ENOSPC`), when a system call failed. */
  readonly errno: string | undefined;
  /** Exit status of the program, when one was run. */
  readonly exitCode: number | undefined;
  /** What to do about it, in one sentence, when known. */
  readonly help: string | undefined;

  constructor(message: string, details: { errno?: string; exitCode?: number; help?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HostError';
    this.errno = details.errno;
    this.exitCode = details.exitCode;
    this.help = details.help;
  }
}
