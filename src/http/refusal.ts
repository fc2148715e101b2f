/** Turns whatever a handler threw into what the caller may see; what is a bug goes to the log with its stack. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '../api/errors.ts';
import { StoreConflict } from '../core/ports/store.ts';
import { HostError } from '../lib/host-error.ts';

export type LogEntry = { level: 'error' | 'warning' | 'info'; message: string; context?: Record<string, string> };
export type Log = (entry: LogEntry) => void;

export type Refusal = { error: ApiError; help: string | undefined };

/** `what` is the request in one line, for the log. */
export function refusalOf(thrown: unknown, what: string, log: Log): Refusal {
  if (thrown instanceof ApiError) return { error: thrown, help: thrown.help };
  if (thrown instanceof HostError) {
    log({ level: 'warning', message: `${what}: ${thrown.message}` });
    return { error: new ApiError('host.refused', { reason: thrown.message }, thrown), help: thrown.help };
  }
  if (thrown instanceof StoreConflict) {
    const error = new ApiError('request.conflict', { reason: thrown.message }, thrown);
    return { error, help: error.help };
  }
  const reference = randomUUID().slice(0, 8);
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  log({ level: 'error', message: `${what}: ${stack}`, context: { reference } });
  const error = new ApiError('internal', { reason: `see ${reference} in the log` }, thrown);
  return { error, help: error.help };
}
