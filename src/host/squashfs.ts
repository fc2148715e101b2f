/**
 * The files of a squashfs image as a tar stream. The image is a stranger's and unsquashfs a large program: both it and the
 * tar that follows run in a user namespace of their own, as host ids that own nothing but one scratch directory. What
 * comes out is checked like any other archive; device nodes are missing in it.
 */
import { randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import { chmod, chown, copyFile, link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mapOf } from '../core/ports/id-range.ts';
import { HostError } from '../lib/host-error.ts';
import { ownNamespaces } from './own-namespaces.ts';
import { outputOf, startPiped } from './piped.ts';
import { openUserNamespace } from './userns.ts';

export type SquashfsOptions = {
  /** Where the files lie for a while. */
  scratchDirectory: string;
  /** First of 65536 host ids that nobody else has; an ordinary user's may be fewer. */
  idBase: number;
  /** Sum of what the files may need. */
  storedBytes: number;
  signal?: AbortSignal | undefined;
};

/** What the archive says of itself is not allowed. */
export class SquashfsRefused extends Error {
  override readonly name = 'SquashfsRefused';
  readonly reason: 'too-big' | 'hostile';
  constructor(reason: SquashfsRefused['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

const idCount = 65_536;

export async function* squashfsAsTar(path: string, options: SquashfsOptions): AsyncGenerator<Buffer> {
  const { idBase, signal } = options;
  const directory = join(options.scratchDirectory, `squashfs-${randomUUID()}`);
  const namespace = await openUserNamespace(
    mapOf({ base: idBase, size: Math.min(ownNamespaces()?.ids ?? idCount, idCount) }),
    signal ? { signal } : {},
  );
  const inside = (...words: string[]) =>
    startPiped('nsenter', [`--user=/proc/${process.pid}/fd/${namespace}`, '--setuid=0', '--setgid=0', ...words], {
      stdout: 'pipe',
      // The parents are closed to these ids; whoever starts in here needs no way to it.
      cwd: directory,
      signal,
    });
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await giveImage(path, join(directory, 'image'));
    await chown(directory, idBase, idBase);
    await checkListing(inside('unsquashfs', '-lln', 'image'), options.storedBytes);
    await unpack(inside('unsquashfs', '-no-progress', '-quiet', '-dest', 'tree', 'image'));
    yield* outputOf(
      inside(
        'tar',
        '--create',
        '--file=-',
        '--format=pax',
        '--sparse',
        '--record-size=1M',
        ...attributes,
        '-C',
        'tree',
        '.',
      ),
    );
  } finally {
    closeSync(namespace);
    await rm(directory, { recursive: true, force: true });
  }
}

const attributes = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls', '--warning=no-file-ignored'];

/** A name for it in the scratch directory; the folder that it is kept in stays closed. */
async function giveImage(path: string, target: string): Promise<void> {
  await link(path, target).catch(() => copyFile(path, target));
  await chmod(target, 0o444);
}

/** Owners that the namespace does not have would be lost without a word. */
async function checkListing(listing: ReturnType<typeof startPiped>, storedBytes: number): Promise<void> {
  let rest = '';
  let sumBytes = 0;
  for await (const chunk of outputOf(listing)) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = (lines.pop() ?? '').slice(-8192);
    for (const line of lines) {
      const [, uid, gid, size] = /^\S{10} +(\d+)\/(\d+) +(\d+) /.exec(line) ?? [];
      if (Number(uid) >= idCount || Number(gid) >= idCount)
        throw new SquashfsRefused('hostile', `an owner ${uid}:${gid} is outside 0 to ${idCount - 1}`);
      sumBytes += Number(size ?? 0);
    }
    if (sumBytes > storedBytes)
      throw new SquashfsRefused('too-big', `its files need more than the ${storedBytes} bytes that may be used`);
  }
}

/** Exit code 2: something could not be made that only the host's root may make, above all device nodes. */
async function unpack(program: ReturnType<typeof startPiped>): Promise<void> {
  program.stdout?.resume();
  await program.ended.catch((error: unknown) => {
    if (!(error instanceof HostError && error.exitCode === 2)) throw error;
  });
}
