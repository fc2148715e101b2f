/** Compressing and decompressing streams: by Node's zlib where it can, else by the usual programs. */
import { closeSync, createReadStream, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGunzip, createZstdDecompress, gzip, zstdCompress } from 'node:zlib';
import type { Compression } from '../lib/archive-magic.ts';
import { outputOf, startPiped } from './piped.ts';

const chunkBytes = 1024 * 1024;

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
  await pipeline(compression === 'none' ? source : inBlocks(source, packers[compression]), target, signal);
}

type Packer = (block: Buffer) => Promise<Buffer>;
const [gzipBlock, zstdBlock] = [promisify(gzip), promisify(zstdCompress)];
const packers: Record<'gzip' | 'zstd', Packer> = {
  gzip: (block) => gzipBlock(block),
  zstd: (block) =>
    zstdBlock(block, { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } }),
};

const blockBytes = 1024 * 1024;
/** One of the four threads of Node's pool stays free for files. */
const blocksAtOnce = Math.min(3, availableParallelism() + 1);

/**
 * Compresses side by side what may stand one after the other: both formats are a row of members that each end for
 * themselves, which all readers know. It costs some thousandths of the size.
 */
async function* inBlocks(source: AsyncIterable<Buffer>, pack: Packer): AsyncGenerator<Buffer> {
  const underWay: Promise<Buffer>[] = [];
  for await (const block of blocksOf(source)) {
    const packed = pack(block);
    // Whoever takes it in its turn sees that it failed.
    packed.catch(() => {});
    underWay.push(packed);
    const first = underWay.length < blocksAtOnce ? undefined : underWay.shift();
    if (first) yield await first;
  }
  for (const packed of underWay) yield await packed;
}

/** Always cut at the same places, so that the same content gives the same bytes; at least one, if an empty one. */
async function* blocksOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let block = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  let wasFull = false;
  for await (const chunk of source)
    for (let taken = 0; taken < chunk.length; ) {
      const copied = chunk.copy(block, filled, taken);
      taken += copied;
      filled += copied;
      if (filled < blockBytes) continue;
      yield block;
      wasFull = true;
      block = Buffer.allocUnsafe(blockBytes);
      filled = 0;
    }
  if (filled > 0 || !wasFull) yield block.subarray(0, filled);
}
