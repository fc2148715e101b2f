/**
 * Waits for an operation. The end comes from a long `/wait` call, which cannot be lost; the events websocket is only opened
 * when it takes long enough that somebody wants to see progress, so that quick operations cost one call.
 */
import type { Event } from '../api/resources/events.ts';
import type { Operation } from '../api/resources/operations.ts';
import { ClientError } from './client-error.ts';

export type FollowOptions = {
  /** Called with the operation whenever it changes. */
  onProgress?: ((operation: Operation) => void) | undefined;
  /** Progress of operations that end sooner than this is not worth a connection. */
  progressAfterMs?: number | undefined;
  /** Asks the server to cancel when the operation allows it; the wait goes on until it has ended. */
  cancel?: AbortSignal | undefined;
  /** Called when `cancel` came but the server does not cancel this operation. */
  onCancelRefused?: (() => void) | undefined;
  /** Leaves at once; the operation goes on in the server. */
  signal?: AbortSignal | undefined;
};

export type OperationSource = {
  wait(id: string, signal: AbortSignal): Promise<Operation>;
  cancel(id: string): Promise<unknown>;
  events(signal: AbortSignal): AsyncIterable<Event>;
};

/** Numbers of 200 and above are final (src/api/status.ts). */
export const isFinal = (operation: Operation) => operation.status_code >= 200;

export async function followOperation(source: OperationSource, started: Operation, options: FollowOptions) {
  const ended = new AbortController();
  const signal = options.signal ? AbortSignal.any([ended.signal, options.signal]) : ended.signal;
  let latest = started;
  const show = (operation: Operation) => {
    latest = operation;
    if (!ended.signal.aborted) options.onProgress?.(operation);
  };
  const cancel = () => {
    if (latest.may_cancel) source.cancel(started.id).catch(() => options.onCancelRefused?.());
    else options.onCancelRefused?.();
  };
  options.cancel?.addEventListener('abort', cancel, { once: true });
  const delay =
    options.onProgress && setTimeout(() => watch(source, started.id, show, signal), options.progressAfterMs ?? 300);
  try {
    while (!isFinal(latest)) latest = await source.wait(started.id, signal);
  } finally {
    ended.abort();
    clearTimeout(delay);
    options.cancel?.removeEventListener('abort', cancel);
  }
  return successOf(latest);
}

/** Progress is a courtesy: when the events cannot be had, the wait goes on without it. */
async function watch(source: OperationSource, id: string, show: (operation: Operation) => void, signal: AbortSignal) {
  try {
    for await (const event of source.events(signal)) {
      const operation = event.metadata as Operation;
      if (event.type === 'operation' && operation.id === id && !isFinal(operation)) show(operation);
    }
  } catch {
    return;
  }
}

export function successOf(operation: Operation): Operation {
  if (operation.status_code === 200) return operation;
  const cancelled = operation.status_code === 401;
  throw new ClientError({
    status: operation.status_code,
    code: operation.err_code ?? (cancelled ? 'operation.cancelled' : ''),
    params: operation.err_params,
    help: operation.err_help,
    message:
      operation.err || (cancelled ? 'The operation was cancelled' : `The operation ended as ${operation.status}`),
  });
}
