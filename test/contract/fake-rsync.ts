/** In place of rsync: the whole tree as one line of JSON. Knows directories and files, and takes away what is not sent. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { RsyncHalf, RsyncTree } from '../../src/host/rsync.ts';
import type { MigrationParts } from '../../src/migration/migration.ts';

/** What is to be seen below, in one directory: the tree itself is a link in the memory pool. */
function places({ directory, frame }: RsyncTree): [string, string][] {
  return frame
    ? [
        [frame.directory, ''],
        [directory, frame.place],
      ]
    : [[directory, '']];
}

function startSender(tree: RsyncTree): RsyncHalf {
  const files: Record<string, string | null> = {};
  for (const [directory, prefix] of places(tree))
    for (const name of readdirSync(`${directory}/`, { recursive: true }) as string[]) {
      const path = join(directory, name);
      files[join(prefix, name)] = statSync(path).isDirectory() ? null : readFileSync(path, 'base64');
    }
  return { input: new PassThrough().resume(), output: Readable.from([Buffer.from(JSON.stringify(files))]), ...over };
}

const over = { ended: Promise.resolve(), kill: () => {} };

function startReceiver(tree: RsyncTree): RsyncHalf {
  const input = new PassThrough();
  const ended = Promise.withResolvers<void>();
  const parts: Buffer[] = [];
  input.on('data', (part: Buffer) => parts.push(part));
  input.on('end', () => {
    try {
      fill(tree, JSON.parse(Buffer.concat(parts).toString()) as Record<string, string | null>);
      ended.resolve();
    } catch (error) {
      ended.reject(error);
    }
  });
  return { input, output: Readable.from([]), ended: ended.promise, kill: () => {} };
}

function fill(tree: RsyncTree, files: Record<string, string | null>): void {
  for (const [directory, prefix] of places(tree).reverse()) {
    for (const name of readdirSync(`${directory}/`))
      if (directory === tree.directory) rmSync(join(directory, name), { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      const inTree = tree.frame && (name === tree.frame.place || name.startsWith(`${tree.frame.place}/`));
      if (prefix === '' && inTree) continue;
      if (prefix !== '' && !name.startsWith(`${prefix}/`)) continue;
      const path = join(directory, prefix === '' ? name : name.slice(prefix.length + 1));
      if (content === null) mkdirSync(path, { recursive: true });
      else {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, Buffer.from(content, 'base64'));
      }
    }
  }
}

export const fakeRsync: Partial<MigrationParts> = {
  knowsZstd: async () => false,
  startSender,
  startReceiver,
  clean: async () => {},
};
