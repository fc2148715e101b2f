/** The daemon's log: lines on standard error, where the journal or the log file of `npm start` takes them. */
export type Log = (level: 'debug' | 'info' | 'warning' | 'error', message: string, error?: unknown) => void;

export const log: Log = (level, message, error) => {
  if (level === 'debug' && !process.env.GASTHOF_DEBUG) return;
  const stack =
    error instanceof Error
      ? `\n${error.stack ?? error.message}${error.cause ? `\ncaused by: ${String(error.cause)}` : ''}`
      : error === undefined
        ? ''
        : `: ${String(error)}`;
  process.stderr.write(`${new Date().toISOString()} ${level} ${message}${stack}\n`);
};
