/** Cuts a stream of bytes into packets. A length that no client needs ends the connection before anything is kept for it. */
import { BrokenPacket } from './wire.ts';

/** OpenSSH takes 256 KiB as well; clients write 32 KiB at a time. */
export const longestPacketBytes = 256 * 1024 + 1024;

/** Each packet without its length. Ends with the stream; what is left of a cut packet is dropped. */
export async function* packetsOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let held = 0;
  let need = 4;
  for await (const chunk of stream) {
    parts.push(chunk);
    held += chunk.length;
    // A packet that comes in many pieces is put together twice, for its length and when it is whole.
    while (held >= need) {
      const whole: Buffer = parts.length === 1 ? chunk : Buffer.concat(parts);
      let at = 0;
      for (need = wanted(whole, at); whole.length - at >= need && need > 4; need = wanted(whole, at)) {
        yield whole.subarray(at + 4, at + need);
        at += need;
      }
      parts = at < whole.length ? [whole.subarray(at)] : [];
      held = whole.length - at;
    }
  }
}

/** Bytes of the packet at `at`, with its length; 4 while not even that is known. */
function wanted(bytes: Buffer, at: number): number {
  if (bytes.length - at < 4) return 4;
  const length = bytes.readUInt32BE(at);
  if (length === 0 || length > longestPacketBytes) throw new BrokenPacket(`a packet of ${length} bytes`);
  return length + 4;
}
