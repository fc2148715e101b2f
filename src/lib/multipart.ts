/** multipart/form-data of two files, read and written as streams: the form of split images. */

import { randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';

/** What was sent is not such a form. */
export class FormBroken extends Error {
  override readonly name = 'FormBroken';
}

type Parts = { metadata?: NodeJS.ReadableStream; rootfs?: NodeJS.ReadableStream };

/** Longest header of a part; more is not a form but an attack. */
const headerLimitBytes = 16 * 1024;

/**
 * Splits a form with two parts, in this order, and calls `use` with both streams at once; the second one starts to flow
 * when the first is read. Throws `FormBroken` on anything that is not such a form.
 */
export async function splitMultipart<T>(
  source: NodeJS.ReadableStream,
  contentType: string,
  use: (parts: Parts) => Promise<T>,
  names: { first: string; second: string; onFilename?: (part: string, filename: string) => void },
): Promise<T> {
  const boundary = /boundary="?([^";]{1,70})"?/.exec(contentType)?.[1];
  if (!boundary) throw new FormBroken('the form has no boundary in its Content-Type');
  const first = new PassThrough();
  const second = new PassThrough();
  for (const stream of [first, second]) stream.on('error', () => {});
  const used = use({ metadata: first, rootfs: second });
  const fed = feed(
    source,
    `\r\n--${boundary}`,
    [
      { stream: first, name: names.first },
      { stream: second, name: names.second },
    ],
    names.onFilename,
  ).catch((error: unknown) => {
    const reason = error instanceof Error ? error : new Error(String(error));
    first.destroy(reason);
    second.destroy(reason);
    throw reason;
  });
  const [result] = await Promise.all([used, fed]);
  return result;
}

async function feed(
  source: NodeJS.ReadableStream,
  delimiter: string,
  slots: { stream: PassThrough; name: string }[],
  onFilename?: (part: string, filename: string) => void,
): Promise<void> {
  const mark = Buffer.from(delimiter);
  // The first delimiter has no line break before it; give it one.
  let rest: Buffer = Buffer.from('\r\n');
  let current: PassThrough | undefined;
  let index = 0;
  let inHeader = false;
  const write = async (data: Buffer) => {
    if (current && data.length > 0 && !current.destroyed && !current.write(data)) await drained(current);
  };
  // The source may be a request: what is left of it must not be cut off before the refusal is sent.
  const chunks = source instanceof Readable ? source.iterator({ destroyOnReturn: false }) : source;
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (;;) {
      if (inHeader) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) {
          if (rest.length > headerLimitBytes) throw new FormBroken('a part of the form has a header that does not end');
          break;
        }
        const header = rest.toString('latin1', 0, end);
        const name = parameter(header, 'name') ?? '';
        const slot = slots[index];
        if (!slot || !name.startsWith(slot.name))
          throw new FormBroken(
            `the form has the part "${name}" where ${slot ? `"${slot.name}"` : 'its end'} should be`,
          );
        current = slot.stream;
        onFilename?.(slot.name, parameter(header, 'filename') ?? '');
        index += 1;
        inHeader = false;
        rest = rest.subarray(end + 4);
        continue;
      }
      const at = rest.indexOf(mark);
      if (at < 0) {
        const safe = rest.length - mark.length;
        if (safe > 0) {
          await write(rest.subarray(0, safe));
          rest = rest.subarray(safe);
        }
        break;
      }
      if (rest.length < at + mark.length + 2) break;
      await write(rest.subarray(0, at));
      current?.end();
      current = undefined;
      const after = rest.subarray(at + mark.length);
      rest = after;
      if (after[0] === 0x2d && after[1] === 0x2d) {
        if (index < slots.length) throw new FormBroken(`the form ends without the part "${slots[index]?.name}"`);
        return;
      }
      inHeader = true;
    }
  }
  throw new FormBroken('the form is cut off');
}

/** Of a part's header. Most clients write quotes around the value; some do not. */
function parameter(header: string, name: string): string | undefined {
  const found = new RegExp(`[;\\s]${name}=(?:"([^"]*)"|([^";\\s]*))`, 'i').exec(header);
  return found?.[1] ?? found?.[2];
}

/** Resolves when the stream takes more, or nothing any more. */
function drained(stream: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of ['drain', 'close']) stream.off(event, settle);
      resolve();
    };
    for (const event of ['drain', 'close']) stream.on(event, settle);
  });
}

export function joinMultipart(files: { field: string; filename: string; content: () => NodeJS.ReadableStream }[]): {
  contentType: string;
  body: NodeJS.ReadableStream;
} {
  const boundary = randomBytes(30).toString('hex');
  async function* parts() {
    for (const [index, file] of files.entries()) {
      const start = index === 0 ? '' : '\r\n';
      yield Buffer.from(
        `${start}--${boundary}\r\nContent-Disposition: form-data; name="${file.field}"; filename="${file.filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
      );
      yield* file.content() as AsyncIterable<Buffer>;
    }
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Readable.from(parts(), { objectMode: false }),
  };
}
