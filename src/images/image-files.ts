/** The images port on plain files: a room of small parts put together here. */
import { createReadStream } from 'node:fs';
import { type ArchiveLimits, defaultLimits } from '../archives/check-members.ts';
import { rootFilter } from '../archives/root-filter.ts';
import { freeBytes } from '../archives/store-stream.ts';
import { type ImageFiles, ImageRefused } from '../core/ports/images.ts';
import { unpackTar } from '../host/tar.ts';
import { compressionSuffix } from '../lib/archive-magic.ts';
import { TarDamaged } from '../lib/tar-header.ts';
import type { DiskReader } from './bare-disk.ts';
import { type BuildNeeds, buildDebian } from './debian/build.ts';
import { debianRecipes } from './debian/recipes.ts';
import { imageArchive } from './image-archive.ts';
import { createImageStore, type PartForm } from './image-store.ts';
import { hostArchitecture } from './metadata.ts';
import { openArchive } from './open-archive.ts';
import { publishImage } from './publish.ts';
import { publishDisk } from './publish-disk.ts';
import { receiveImage, recordOf } from './receive.ts';
import { sweepFolder } from './sweep-folder.ts';
import { writeDisk } from './write-disk.ts';

export type ImageFilesOptions = {
  /** Kept images. */
  directory: string;
  /** Results of builds, kept for the next time; may be deleted by hand. */
  cacheDirectory: string;
  /** Where builds happen. */
  scratchDirectory: string;
  /** First of 65536 host ids that no guest has: squashfs images are taken apart as these. */
  idBase: number;
  /** Makes a qcow2 file that stands alone of one that somebody else made. */
  importDisk(files: { source: string; target: string }, signal?: AbortSignal): Promise<unknown>;
  /** Looks at a disk image that somebody else made. */
  disks: DiskReader;
  limits?: Partial<ArchiveLimits>;
  /** What this host runs. @default the machine's own */
  architecture?: string;
};

export function createImageFiles(options: ImageFilesOptions): ImageFiles {
  const store = createImageStore(options.directory);
  const limits = options.limits ?? {};
  const architecture = options.architecture ?? hostArchitecture;
  const apart = { scratchDirectory: options.scratchDirectory, idBase: options.idBase };
  const needs = { store, limits, architecture, apart, disks: options.disks };
  const build: BuildNeeds = { ...options, architecture, receive: (parts, how) => receiveImage(needs, parts, how) };

  return {
    receive: (parts, how) => receiveImage(needs, parts, how),
    list: () => store.list(),
    remove: (fingerprint) => store.remove(fingerprint),

    async files(fingerprint) {
      const { parts } = await recordOf(store, fingerprint);
      return parts.map(({ name, compression, sizeBytes }) => ({
        name: `${name === 'metadata' ? 'meta-' : ''}${fingerprint}${suffixOf(compression)}`,
        sizeBytes,
        open: () => createReadStream(store.path(fingerprint, name), { highWaterMark: 256 * 1024 }),
      }));
    },

    async unpack(fingerprint, directory, { progress, signal }) {
      const { parts, type } = await recordOf(store, fingerprint);
      const part = parts.find(({ name }) => name !== 'metadata');
      if (!part) throw new ImageRefused('broken', `image ${fingerprint.slice(0, 12)} has no root file system`);
      progress?.('unpacking');
      if (part.compression === 'qcow2' || part.compression === 'disk' || type === 'virtual-machine')
        throw new ImageRefused('unsupported', `image ${fingerprint.slice(0, 12)} is one of a virtual machine`);
      const prefix = part.name === 'unified' ? 'rootfs' : '';
      const room = Math.min(limits.storedBytes ?? Number.POSITIVE_INFINITY, await freeBytes(directory));
      const path = store.path(fingerprint, part.name);
      const source = openArchive(path, part.compression, { apart, storedBytes: room, signal });
      const filter = rootFilter({
        prefix,
        subject: imageArchive,
        limits: { ...defaultLimits, ...limits, storedBytes: room },
      });
      try {
        await unpackTar(filter(source), directory, { signal });
      } catch (error) {
        if (!(error instanceof TarDamaged)) throw error;
        throw new ImageRefused(
          'broken',
          `image ${fingerprint.slice(0, 12)} is damaged on disk: ${error.message}`,
          'delete it and import it again',
        );
      }
    },

    writeDisk: (fingerprint, path, { signal }) =>
      writeDisk({ ...needs, importDisk: options.importDisk }, fingerprint, path, signal),

    async template(fingerprint, name) {
      const { templates } = await recordOf(store, fingerprint);
      return Object.hasOwn(templates, name) ? templates[name] : undefined;
    },

    publish: (rootfs, metadata, how) => publishImage(needs, rootfs, metadata, how),
    publishDisk: (write, metadata, how) => publishDisk(needs, write, metadata, how),
    recipes: () =>
      debianRecipes(architecture).map(({ alias, description, machinePackages }) => ({
        alias,
        description,
        architecture: architecture ?? '',
        types: machinePackages.length > 0 ? ['container', 'virtual-machine'] : ['container'],
      })),
    build: (alias, how) => buildDebian(build, alias, how),

    async sweep() {
      return [
        ...(await store.sweep()),
        ...(await sweepFolder(options.scratchDirectory, /^(build|squashfs)-/)),
        ...(await sweepFolder(options.cacheDirectory, /^\.new-/)),
      ];
    },
  };
}

const suffixOf = (kind: PartForm): string =>
  kind === 'squashfs' || kind === 'qcow2' || kind === 'disk' ? `.${kind}` : compressionSuffix[kind];
