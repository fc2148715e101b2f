/**
 * GNU tar as a child: it knows ownership, attributes and sparse files better than any library. Unpacking runs with a
 * capability bounding set of what that needs and no more: above all it cannot make device nodes.
 */
import type { FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { asRootInside } from './own-namespaces.ts';
import { outputOf, startPiped } from './piped.ts';

const attributes = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'];
const unpackCapabilities = '-all,+chown,+dac_override,+dac_read_search,+fowner,+fsetid,+setfcap';

/** Unpacks a tar stream below `directory`. The stream must have been checked: names inside, no devices. */
export async function unpackTar(
  source: AsyncIterable<Buffer>,
  directory: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const signal = options.signal ? { signal: options.signal } : {};
  const tar = startPiped(
    'setpriv',
    [
      ...asRootInside,
      `--bounding-set=${unpackCapabilities}`,
      '--inh-caps=-all',
      '--no-new-privs',
      ...['tar', '--extract', '--file=-', `--directory=${directory}`, ...attributes],
      // Images may come from a clock ahead of ours.
      ...['--preserve-permissions', '--same-owner', '--warning=no-timestamp', '--record-size=1M'],
    ],
    { stdin: 'pipe', ...signal },
  );
  if (!tar.stdin) throw new Error('a pipe was asked for');
  const [fed, ended] = await Promise.allSettled([pipeline(source, tar.stdin, signal), tar.ended]);
  if (fed.status === 'rejected' && !isBrokenPipe(fed.reason)) throw fed.reason;
  if (ended.status === 'rejected') throw ended.reason;
  if (fed.status === 'rejected') throw fed.reason;
}

/** The reader went away: its own message says why. */
function isBrokenPipe(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

export type PackedTree = {
  directory: string;
  entries: string[];
  /** Put in place of the directory's own name; then all of it is packed. */
  prefix?: string;
};

/** Names begin with the whole path of the directory, so that each of several trees can have a prefix of its own. */
function renamed(directory: string, prefix: string): string {
  const pattern = fromRoot(directory).replace(/[.*[\]^$\\,]/g, '\\$&');
  return `s,^${pattern}/\\.\\(/\\|$\\),${prefix.replace(/[&\\,]/g, '\\$&')}\\1,S`;
}

const fromRoot = (directory: string) => resolve(directory).slice(1);

type PackOptions = { signal?: AbortSignal | undefined; exclude?: string[] };

/** A tar stream of directory trees: names sorted and no access times, so that the same files give the same bytes. */
export function packTar(trees: readonly PackedTree[], options: PackOptions = {}): AsyncGenerator<Buffer> {
  return outputOf(startPacking(trees, 'pipe', options));
}

const lookEveryMs = 250;

/**
 * The same, written by tar itself into an open file, so that the bytes never pass through this process. `onGrown` is told
 * the size now and then; its rejection ends the work.
 */
export async function packTarInto(
  file: FileHandle,
  trees: readonly PackedTree[],
  options: PackOptions & { onGrown?: (sizeBytes: number) => Promise<void> } = {},
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal ? [options.signal] : [])]);
  const program = startPacking(trees, file.fd, { ...options, signal });
  const look = setInterval(() => {
    file
      .stat()
      .then(({ size }) => options.onGrown?.(size))
      .catch((error: unknown) => stop.abort(error));
  }, lookEveryMs);
  try {
    await program.ended;
  } finally {
    clearInterval(look);
  }
}

function startPacking(trees: readonly PackedTree[], stdout: number | 'pipe', { signal, exclude = [] }: PackOptions) {
  const prefixes = trees.flatMap((tree) =>
    tree.prefix ? [`--transform=${renamed(tree.directory, tree.prefix)}`] : [],
  );
  return startPiped(
    'tar',
    [
      ...['--create', '--file=-', '--format=pax', '--sort=name', '--sparse', '--record-size=1M', ...attributes],
      ...['--pax-option=delete=atime,delete=ctime', '--warning=no-file-ignored', '--one-file-system'],
      ...exclude.map((pattern) => `--exclude=${pattern}`),
      ...prefixes,
      ...trees.flatMap(({ directory, entries, prefix }) =>
        prefix ? ['--directory=/', `${fromRoot(directory)}/.`] : [`--directory=${directory}`, ...entries],
      ),
    ],
    { stdout, signal },
  );
}
