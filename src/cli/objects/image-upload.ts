/** The body of an image upload: one tarball as it is, or metadata and root file system as two parts. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { CliError } from '../cli-error.ts';
import type { Task } from '../output/progress.ts';
import { formatBytes } from '../output/units.ts';

export type Upload = { body: Readable; contentType: string; sizeBytes: number };

export async function openUpload(image: string, rootfs: string | undefined, task: Task): Promise<Upload> {
  const sizeBytes = (await sizeOf(image)) + (rootfs === undefined ? 0 : await sizeOf(rootfs));
  let sent = 0;
  const read = async function* (path: string) {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
      sent += (chunk as Buffer).length;
      task.update({ text: `${formatBytes(sent)} of ${formatBytes(sizeBytes)}`, fraction: sent / sizeBytes });
      yield chunk as Buffer;
    }
  };
  if (rootfs === undefined)
    return { body: Readable.from(read(image)), contentType: 'application/octet-stream', sizeBytes };
  const boundary = `gast-${process.pid}-${Date.now().toString(36)}`;
  return {
    body: Readable.from(
      multipart(
        boundary,
        [
          ['metadata', image],
          ['rootfs', rootfs],
        ],
        read,
      ),
    ),
    contentType: `multipart/form-data; boundary=${boundary}`,
    sizeBytes,
  };
}

async function* multipart(
  boundary: string,
  parts: readonly (readonly [string, string])[],
  read: (path: string) => AsyncIterable<Buffer>,
) {
  for (const [name, path] of parts) {
    const file = basename(path).replaceAll('"', '');
    yield Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${file}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    );
    yield* read(path);
    yield Buffer.from('\r\n');
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`Cannot read ${path}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`);
  });
  if (!found.isFile())
    throw new CliError(`${path} is no file`, { help: 'give a tarball, or a metadata tarball and a root file system' });
  return found.size;
}
