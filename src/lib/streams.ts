/** Small bridges between streams and values. */
import { Readable } from 'node:stream';

export const textStream = (text: string): NodeJS.ReadableStream => Readable.from([Buffer.from(text)]);

/** Reads a stream as text; what is longer than `limitBytes` is cut. */
export async function textOf(stream: NodeJS.ReadableStream, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array);
    chunks.push(bytes);
    size += bytes.length;
    if (size >= limitBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, limitBytes);
}
