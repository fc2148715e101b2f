/** Content into a program inside a machine, no faster than it takes it; whole only when the token has gone after it. */
import { once } from 'node:events';
import type { ExecSession } from '../../core/ports/engine.ts';

/** How long a guest may take to notice that the content has ended before its end; then its program is killed. */
const noticeMs = 10_000;

/** Tells why the content was not whole; undefined when it was, or when the program ended before. */
export async function feed(
  session: Pick<ExecSession, 'stdin' | 'exitCode' | 'kill'>,
  content: NodeJS.ReadableStream,
  token: string,
  signal?: AbortSignal,
): Promise<{ error: unknown } | undefined> {
  const { stdin } = session;
  const over = new AbortController();
  const ended = session.exitCode.finally(() => over.abort());
  const leave = (error?: Error) => 'destroy' in content && (content as { destroy(error?: Error): void }).destroy(error);
  // A silent sender would otherwise be waited for.
  const onAbort = () => leave(signal?.reason as Error);
  const onEnd = () => leave();
  stdin.on('error', () => over.abort());
  signal?.addEventListener('abort', onAbort, { once: true });
  over.signal.addEventListener('abort', onEnd, { once: true });
  try {
    for await (const piece of content) {
      if (over.signal.aborted) return undefined;
      if (!stdin.write(piece)) await once(stdin as NodeJS.EventEmitter, 'drain', { signal: over.signal });
    }
    signal?.throwIfAborted();
    if (over.signal.aborted) return undefined;
    stdin.end(token);
    return undefined;
  } catch (error) {
    if (over.signal.aborted && !signal?.aborted) return undefined;
    stdin.end();
    const late = setTimeout(session.kill, noticeMs);
    void ended.finally(() => clearTimeout(late)).catch(() => {});
    return { error: signal?.aborted ? signal.reason : error };
  } finally {
    signal?.removeEventListener('abort', onAbort);
    over.signal.removeEventListener('abort', onEnd);
  }
}
