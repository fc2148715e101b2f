/** What a call throws: the server's own error with its code, parameters and help, or a `client.*` error when no server answered. */
export type ClientErrorFields = {
  /** HTTP status, or status of the failed operation; 0 when nobody answered. */
  status: number;
  /** Stable code of the catalogue in src/api/errors.ts, or `client.*`; empty when the server sent none. */
  code: string;
  params?: Readonly<Record<string, string | number>> | undefined;
  help?: string | undefined;
  message: string;
};

export class ClientError extends Error {
  readonly status: number;
  readonly code: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly help: string | undefined;

  constructor(fields: ClientErrorFields, cause?: unknown) {
    super(fields.message, cause === undefined ? undefined : { cause });
    this.name = 'ClientError';
    this.status = fields.status;
    this.code = fields.code;
    this.params = fields.params ?? {};
    this.help = fields.help;
  }
}

/** Codes of errors that happen on the client's side of the socket. */
export const unreachable = 'client.unreachable';
export const broken = 'client.connection-lost';

const reasons: Record<string, string> = {
  ENOENT: 'there is no socket',
  ECONNREFUSED: 'nobody listens on the socket',
  EACCES: 'this user may not use the socket',
};

/** Turns an error of the socket into one that says what to do. */
export function connectionError(cause: NodeJS.ErrnoException, socketPath: string): ClientError {
  const reason = reasons[cause.code ?? ''];
  if (reason === undefined) {
    return new ClientError(
      {
        status: 0,
        code: broken,
        message: `The connection to the daemon was lost: ${cause.message}`,
        help: 'gast doctor',
      },
      cause,
    );
  }
  const directory = socketPath.replace(/\/unix\.socket$/, '');
  const refused = cause.code === 'EACCES';
  return new ClientError(
    {
      status: 0,
      code: unreachable,
      params: { socket: socketPath },
      message: refused
        ? `You may not talk to the daemon of ${directory}: ${reason} (${socketPath})`
        : `The daemon is not running for ${directory}: ${reason} (${socketPath})`,
      help: refused
        ? 'Use sudo, or set GASTHOF_DIR to a daemon of your own'
        : 'Start it with: npm start, or bin/gasthofd; another directory with GASTHOF_DIR=...',
    },
    cause,
  );
}
