/** A backups port for tests of the whole API without root: an archive is JSON, with trees of plain files and folders. */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type BackupFiles, BackupRefused } from '../../src/core/ports/backups.ts';

type Tree = Record<string, { kind: 'file' | 'folder' | 'link'; text: string }>;
type Disk = { name: string; sizeBytes: number; pieces: { offset: number; base64: string }[] };
type Archive = {
  index: unknown;
  states: { name: string; tree: Tree; files: Record<string, unknown> }[];
  disks?: Disk[];
};

export function createMemoryBackups(): BackupFiles {
  const kept = new Map<string, { bytes: Buffer; at: Date }>();
  const checked = (id: string) => {
    if (!/^[0-9a-z][0-9a-z-]*$/.test(id)) throw new BackupRefused('not-found', `${id} is not the id of a backup`);
    return id;
  };
  return {
    compressions: ['none', 'gzip', 'bzip2', 'xz', 'zstd'],
    async create(id, { index, states }, { compression, progress, signal }) {
      signal?.throwIfAborted();
      if (!this.compressions.includes(compression)) throw new BackupRefused('unsupported', compression);
      const archive: Archive = {
        index,
        states: states.map(({ name, tree, files }) => ({ name, tree: readTree(tree.directory), files: files ?? {} })),
      };
      const bytes = Buffer.from(JSON.stringify(archive));
      progress?.(bytes.length);
      kept.set(checked(id), { bytes, at: new Date() });
      return { sizeBytes: bytes.length };
    },
    async createOfDisks(id, { index, states }, { compression, progress, signal }) {
      signal?.throwIfAborted();
      if (!this.compressions.includes(compression)) throw new BackupRefused('unsupported', compression);
      const disks: Disk[] = [];
      for (const { name, open } of states) {
        await using content = await open();
        const pieces: Disk['pieces'] = [];
        for await (const { offset, bytes } of content.read()) pieces.push({ offset, base64: bytes.toString('base64') });
        disks.push({ name, sizeBytes: content.sizeBytes, pieces });
      }
      const bytes = Buffer.from(JSON.stringify({ index, states: [], disks } satisfies Archive));
      progress?.(bytes.length);
      kept.set(checked(id), { bytes, at: new Date() });
      return { sizeBytes: bytes.length };
    },
    async open(id) {
      const found = kept.get(checked(id));
      if (!found) throw new BackupRefused('not-found', `backup ${id} has no file here`);
      return { sizeBytes: found.bytes.length, modifiedAt: found.at, open: () => Readable.from([found.bytes]) };
    },
    list: async () => [...kept.keys()].sort(),
    remove: async (id) => void kept.delete(checked(id)),
    async receive(stream, { signal }) {
      const bytes = await buffer(stream);
      signal?.throwIfAborted();
      const archive = parse(bytes);
      return {
        sizeBytes: bytes.length,
        index: archive.index,
        async unpack(_place, visit, work) {
          for (const { name, tree } of archive.states) {
            work.signal?.throwIfAborted();
            await visit(name, async (directory) => writeTree(directory, tree));
          }
          return new Map();
        },
        async unpackDisks(visit, work) {
          for (const { name, sizeBytes, pieces } of archive.disks ?? []) {
            work.signal?.throwIfAborted();
            const read = async function* () {
              for (const { offset, base64 } of pieces) yield { offset, bytes: Buffer.from(base64, 'base64') };
            };
            await visit(name, { sizeBytes, pieces: read() });
          }
          return new Map();
        },
        async [Symbol.asyncDispose]() {},
      };
    },
    sweep: async () => [],
  };
}

function parse(bytes: Buffer): Archive {
  try {
    return JSON.parse(bytes.toString()) as Archive;
  } catch (cause) {
    throw new BackupRefused('broken', `the backup is damaged: ${(cause as Error).message}`);
  }
}

function readTree(directory: string): Tree {
  const root = realpathSync(directory);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(root, name);
      const status = lstatSync(path);
      if (status.isDirectory()) return [name, { kind: 'folder' as const, text: '' }];
      if (status.isSymbolicLink()) return [name, { kind: 'link' as const, text: readlinkSync(path) }];
      return [name, { kind: 'file' as const, text: readFileSync(path, 'latin1') }];
    }),
  );
}

function writeTree(directory: string, tree: Tree): void {
  for (const [name, { kind, text }] of Object.entries(tree)) {
    const path = join(directory, name);
    mkdirSync(kind === 'folder' ? path : dirname(path), { recursive: true });
    if (kind === 'link') symlinkSync(text, path);
    if (kind === 'file') writeFileSync(path, text, 'latin1');
  }
}
