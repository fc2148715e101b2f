/** A stream up to a mark, which may come in pieces and is not passed on. */
import { Transform } from 'node:stream';

export type UntilMark = Transform & { readonly marked: Promise<void> };

/**
 * The guest writes the mark at once, so that its pieces follow each other as fast as they are read: a beginning after which
 * nothing came for so long is none. Whoever waits for an answer that ends like one would wait for ever.
 */
const patienceMs = 10;

/** With `onFirstLine` the stream begins with a line that is not passed on either. */
export function untilMark(mark: string, onFirstLine?: (text: string) => void): UntilMark {
  const end = Buffer.from(mark);
  const seen = Promise.withResolvers<void>();
  let wantsLine = onFirstLine !== undefined;
  let rest: Buffer = Buffer.alloc(0);
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  // Where the reader is slow, more may be there already.
  const letGo = () => {
    if (stream.writableLength > 0 || stream.writableNeedDrain) {
      timer = setTimeout(letGo, patienceMs);
      return;
    }
    stream.push(rest);
    rest = Buffer.alloc(0);
  };
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      clearTimeout(timer);
      if (isOver) return done();
      rest = Buffer.concat([rest, chunk]);
      if (wantsLine) {
        const at = rest.indexOf(10);
        if (at < 0) return done();
        onFirstLine?.(rest.subarray(0, at).toString().trim());
        rest = rest.subarray(at + 1);
        wantsLine = false;
      }
      const at = rest.indexOf(end);
      isOver = at >= 0;
      // What may be the beginning of the mark waits for more.
      const ready = isOver ? at : rest.length - tailThatMayBegin(rest, end);
      if (ready > 0) this.push(rest.subarray(0, ready));
      rest = rest.subarray(ready);
      if (isOver) {
        seen.resolve();
        this.push(null);
      } else if (rest.length > 0) timer = setTimeout(letGo, patienceMs);
      done();
    },
    flush(done) {
      clearTimeout(timer);
      if (!isOver && rest.length > 0) this.push(rest);
      done();
    },
    destroy(error, done) {
      clearTimeout(timer);
      done(error);
    },
  });
  return Object.assign(stream, { marked: seen.promise });
}

/** Length of the longest end of `bytes` that is a beginning of the mark. */
function tailThatMayBegin(bytes: Buffer, mark: Buffer): number {
  for (let length = Math.min(bytes.length, mark.length - 1); length > 0; length--)
    if (bytes.subarray(bytes.length - length).equals(mark.subarray(0, length))) return length;
  return 0;
}
