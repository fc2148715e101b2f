/** Moving bytes between websockets and streams, at the speed of the slower side. An empty text frame ends a stream. */
import type { Channel } from '../../api/handlers.ts';

/** More than this waiting in a socket holds the producer. */
const highWaterBytes = 1024 * 1024;

export function pumpIn(channel: Channel, into: NodeJS.WritableStream): void {
  // The command may end without reading its input.
  into.on('error', () => {});
  channel.onMessage((data, isBinary) => {
    if (!isBinary && data.length === 0) return void into.end();
    if (into.writable && !into.write(data)) {
      channel.pause();
      into.once('drain', () => channel.resume());
    }
  });
  channel.onClose(() => into.end());
}

/** Resolves when the stream has ended and the end is sent. Without a channel the output is read and dropped. */
export async function pumpOut(from: NodeJS.ReadableStream, channel: Channel | undefined): Promise<void> {
  for await (const chunk of from) {
    if (!channel) continue;
    channel.sendBinary(chunk as Uint8Array);
    if (channel.bufferedBytes > highWaterBytes) await channel.drained(highWaterBytes / 2);
  }
  channel?.sendText('');
}
