/** A stream up to a mark, which may come in pieces and is not passed on. */
import { Transform } from 'node:stream';

export type UntilMark = Transform & { readonly marked: Promise<void> };

/** With `onNumber` the stream begins with a line that holds a number, which is not passed on either. */
export function untilMark(mark: string, onNumber?: (value: number) => void): UntilMark {
  const end = Buffer.from(mark);
  const seen = Promise.withResolvers<void>();
  let wantsNumber = onNumber !== undefined;
  let rest: Buffer = Buffer.alloc(0);
  let isOver = false;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (isOver) return done();
      rest = Buffer.concat([rest, chunk]);
      if (wantsNumber) {
        const at = rest.indexOf(10);
        if (at < 0) return done();
        onNumber?.(Number(rest.subarray(0, at).toString()));
        rest = rest.subarray(at + 1);
        wantsNumber = false;
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
      }
      done();
    },
    flush(done) {
      if (!isOver && rest.length > 0) this.push(rest);
      done();
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
