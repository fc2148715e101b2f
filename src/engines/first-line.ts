/** The one line that a supervisor tells when the guest that it was started for is made. */
import type { Readable } from 'node:stream';

/** Resolves with what came, which is nothing when the supervisor ended without a word; rejects at the deadline and on abort. */
export async function firstLine(stream: Readable | undefined, timeoutMs: number, signal?: AbortSignal) {
  if (!stream) return '';
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
  const stop = () => stream.destroy(limit.reason as Error);
  limit.addEventListener('abort', stop, { once: true });
  let text = '';
  try {
    limit.throwIfAborted();
    for await (const chunk of stream) {
      text += chunk;
      if (text.includes('\n')) break;
    }
    return text;
  } finally {
    limit.removeEventListener('abort', stop);
    stream.destroy();
  }
}
