/**
 * The directory of kept images: DIRECTORY/FINGERPRINT/ with the files as they came and `image.json`, what was read from
 * them. A folder appears and disappears by one rename; what is being made or removed has a name with a leading dot.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWorkFolders, namesIn } from '../archives/work-folders.ts';
import { type ImageMetadata, ImageRefused } from '../core/ports/images.ts';
import type { ArchiveKind } from '../lib/archive-magic.ts';

/** `disk`: a disk image of another form than qcow2. */
export type PartForm = ArchiveKind | 'disk';
export type PartName = 'unified' | 'metadata' | 'rootfs';
export type ImageRecord = {
  /** @default container */
  type?: 'container' | 'virtual-machine';
  metadata: ImageMetadata;
  templates: Record<string, string>;
  parts: { name: PartName; compression: PartForm; sizeBytes: number }[];
};

export type ImageStore = ReturnType<typeof createImageStore>;

export function createImageStore(directory: string) {
  const folders = createWorkFolders(directory);

  return {
    path: (fingerprint: string, file: string) => join(directory, checked(fingerprint), file),

    /** A folder to make an image in; it is gone after disposal unless it was kept. */
    workFolder: folders.create,

    /** Makes a finished work folder the image; the one that is already there wins. */
    async keep(workPath: string, fingerprint: string, record: ImageRecord): Promise<void> {
      const target = join(directory, checked(fingerprint));
      await writeFile(join(workPath, 'image.json'), JSON.stringify(record), { flush: true, mode: 0o600 });
      await sync(workPath);
      try {
        await rename(workPath, target);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      }
      await sync(directory);
    },

    async record(fingerprint: string): Promise<ImageRecord | undefined> {
      try {
        return revive(await readFile(join(directory, checked(fingerprint), 'image.json'), 'utf8'), fingerprint);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },

    async list(): Promise<string[]> {
      return (await namesIn(directory)).filter(isFingerprint).sort();
    },

    async remove(fingerprint: string): Promise<void> {
      const doomed = join(directory, `.remove-${randomUUID()}`);
      try {
        await rename(join(directory, checked(fingerprint)), doomed);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
        throw error;
      }
      await rm(doomed, { recursive: true, force: true });
    },

    async sweep(): Promise<string[]> {
      return (await folders.sweep(/^\.(work|remove)-/)).map((name) => join(directory, name));
    },
  };
}

export function notFound(fingerprint: string): ImageRefused {
  return new ImageRefused('not-found', `image ${fingerprint.slice(0, 12)} has no files here`);
}

function isFingerprint(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function checked(fingerprint: string): string {
  if (!isFingerprint(fingerprint))
    throw new ImageRefused('not-found', `${JSON.stringify(fingerprint.slice(0, 80))} is not an image fingerprint`);
  return fingerprint;
}

function revive(text: string, fingerprint: string): ImageRecord {
  try {
    const record = JSON.parse(text);
    const { creationDate, expiryDate } = record.metadata;
    record.metadata.creationDate = new Date(creationDate);
    if (expiryDate) record.metadata.expiryDate = new Date(expiryDate);
    return record;
  } catch (cause) {
    throw new ImageRefused(
      'broken',
      `image ${fingerprint.slice(0, 12)}: its image.json is damaged (${(cause as Error).message})`,
      'delete the image and import it again',
    );
  }
}

/** A rename is on disk only after the directory is. */
async function sync(directory: string): Promise<void> {
  await using handle = await open(directory);
  await handle.sync();
}
