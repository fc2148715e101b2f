/** Errors that the command line itself finds, and the exit codes of all of them. */
export const exitCodes = {
  ok: 0,
  /** The server or this command refused; the reason is on stderr. */
  refused: 1,
  /** Wrong words or options. */
  usage: 2,
  /** The daemon is not reachable. */
  unreachable: 3,
  /** `wait` ran out of time. */
  timeout: 4,
  /** Left by Ctrl-C. */
  interrupted: 130,
} as const;

export class CliError extends Error {
  readonly exitCode: number;
  readonly help: string | undefined;
  constructor(message: string, options: { help?: string | undefined; exitCode?: number } = {}) {
    super(message);
    this.name = 'CliError';
    this.help = options.help;
    this.exitCode = options.exitCode ?? exitCodes.refused;
  }
}

export function usageError(message: string, help?: string): CliError {
  return new CliError(message, { help, exitCode: exitCodes.usage });
}
