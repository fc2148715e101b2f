/** Compressing and decompressing streams: by Node's zlib where it can, else by the usual programs. */
import { closeSync, createReadStream, openSync } from 'node:fs';
import { PassThrough, type Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { Compression } from '../lib/archive-magic.ts';
import { outputOf, startPiped } from './piped.ts';

const chunkBytes = 256 * 1024;

/** A hostile file may ask its reader for gigabytes of dictionary. */
const memoryLimit = '--memlimit-decompress=512MiB';

/** The decompressed bytes of a file, as chunks. */
export function decompressedFile(
  path: string,
  compression: Compression,
  options: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Buffer> {
  if (compression === 'xz' || compression === 'lzma')
    return byProgram(path, 'xz', ['-dc', memoryLimit, `--format=${compression}`], options.signal);
  if (compression === 'bzip2') return byProgram(path, 'bzip2', ['-dc'], options.signal);
  return byZlib(path, compression, options.signal);
}

async function* byProgram(
  path: string,
  file: string,
  args: string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const fd = openSync(path, 'r');
  let program: ReturnType<typeof startPiped>;
  try {
    program = startPiped(file, args, { stdin: fd, stdout: 'pipe', signal });
  } finally {
    closeSync(fd);
  }
  yield* outputOf(program);
}

async function* byZlib(
  path: string,
  compression: 'none' | 'gzip' | 'zstd',
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const source = createReadStream(path, { highWaterMark: chunkBytes, ...(signal ? { signal } : {}) });
  if (compression === 'none') {
    yield* source as AsyncIterable<Buffer>;
    return;
  }
  const inflate = compression === 'gzip' ? createGunzip({ chunkSize: chunkBytes }) : zstdReader();
  const done = pipeline(source, inflate);
  done.catch(() => {});
  try {
    yield* inflate as AsyncIterable<Buffer>;
    await done;
  } finally {
    source.destroy();
    inflate.destroy();
  }
}

/** Windows above 128 MiB (`zstd --ultra --long=31`) are refused: that much memory would be taken. */
function zstdReader(): Transform {
  return createZstdDecompress({ chunkSize: chunkBytes, params: { [constants.ZSTD_d_windowLogMax]: 27 } });
}

/** Writes `source` to an open file, compressed. */
export async function compressTo(
  source: AsyncIterable<Buffer>,
  compression: Exclude<Compression, 'lzma'>,
  target: Writable & { fd?: number | null },
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const signal = options.signal ? { signal: options.signal } : {};
  if (compression === 'xz' || compression === 'bzip2') {
    const args = compression === 'xz' ? ['-c', '-T2', '--memlimit-compress=1GiB'] : ['-c'];
    const program = startPiped(compression, args, { stdin: 'pipe', stdout: 'pipe', ...signal });
    if (!program.stdin) throw new Error('a pipe was asked for');
    const results = await Promise.allSettled([
      pipeline(source, program.stdin, signal),
      pipeline(outputOf(program), target, signal),
    ]);
    // A failing program breaks its input pipe as well; what it says itself explains more.
    const failed = results.toReversed().find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return;
  }
  await pipeline(source, writer(compression), target, signal);
}

function writer(compression: 'none' | 'gzip' | 'zstd'): Transform {
  if (compression === 'gzip') return createGzip({ chunkSize: chunkBytes });
  if (compression === 'zstd')
    return createZstdCompress({ chunkSize: chunkBytes, params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  return new PassThrough();
}
