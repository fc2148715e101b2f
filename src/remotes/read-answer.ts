/** Reads the JSON envelope of another server: its metadata, or its refusal in its own words. */
import type { IncomingMessage } from 'node:http';
import { RemoteRefused } from '../core/ports/remotes.ts';
import { plainText } from '../lib/plain-text.ts';
import { reasonOf, unreachable } from './dial.ts';

/** Lists of large servers; more than this is not an answer but an attack on our memory. */
const largestBytes = 128 * 1024 * 1024;

type Envelope = { type?: unknown; metadata?: unknown; error?: unknown; error_code?: unknown };

export async function readAnswer(answer: IncomingMessage, url: URL, signal?: AbortSignal): Promise<unknown> {
  const text = await readText(answer, url, signal);
  const status = answer.statusCode ?? 0;
  const envelope = parse(text);
  if (envelope?.type === 'error') {
    const code = typeof envelope.error_code === 'number' && envelope.error_code > 0 ? envelope.error_code : status;
    throw new RemoteRefused(code, plainText(envelope.error) || `the server answered ${status}`);
  }
  if ((envelope?.type !== 'sync' && envelope?.type !== 'async') || status >= 300)
    throw new RemoteRefused(status, `${url.origin} answered ${status} with something that is not its API`);
  return envelope.metadata;
}

async function readText(answer: IncomingMessage, url: URL, signal?: AbortSignal): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > largestBytes) throw new Error(`its answer is larger than ${largestBytes / 2 ** 20} MiB`);
      parts.push(part);
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(url, reasonOf(error as Error), error);
  }
  return Buffer.concat(parts).toString();
}

function parse(text: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
