/**
 * THE IMAGES PORT: image files: received, checked, kept, given out, unpacked, built.
 *
 * Vocabulary. An image is one file (*unified*: `metadata.yaml`, `rootfs/`, `templates/`) or two (*split*: metadata tarball and
 * root file system tarball). Its *fingerprint* is the sha256 of the file, or of the metadata file followed by the root
 * file system file. Files are kept exactly as they came.
 *
 * Laws (test/contract/images.suite.ts):
 * - Receiving is all or nothing; hostile archives (`..`, absolute names, links that lead out, devices, absurd sizes, bombs,
 *   broken compression) are refused with the member's name, and nothing is left.
 * - Unpacking a checked image writes only below the given directory, with unshifted owners, xattrs and capabilities,
 *   without device nodes.
 */
export type ImageMetadata = {
  architecture: string;
  creationDate: Date;
  expiryDate?: Date;
  properties: Record<string, string>;
  templates: Record<string, ImageTemplate>;
};
export type ImageTemplate = {
  when: ('create' | 'copy' | 'start')[];
  createOnly: boolean;
  template: string;
  properties: Record<string, string>;
  uid?: number;
  gid?: number;
  mode?: number;
};

export type ReceivedImage = {
  fingerprint: string;
  sizeBytes: number;
  split: boolean;
  /** That of a virtual machine holds a disk (qcow2) and no root file system: it has no tree to be unpacked. */
  type: ImageType;
  metadata: ImageMetadata;
};
export type ImageType = 'container' | 'virtual-machine';
/** A kept file; `open` gives its bytes as they came. */
export type ImageFile = { name: string; sizeBytes: number; open(): NodeJS.ReadableStream };
export type Progress = (text: string) => void;

export type PublishOptions = {
  compression: string;
  /** Source texts of the templates that the metadata names, by file name. */
  templates?: Record<string, string>;
  progress?: Progress;
  signal?: AbortSignal;
};

export interface ImageFiles {
  /** One stream: unified; two: metadata, then root file system. The expected fingerprint is checked when given. */
  receive(
    parts: { metadata?: NodeJS.ReadableStream; rootfs?: NodeJS.ReadableStream; unified?: NodeJS.ReadableStream },
    options: { expect?: string; progress?: Progress; signal?: AbortSignal },
  ): Promise<ReceivedImage>;
  list(): Promise<string[]>;
  remove(fingerprint: string): Promise<void>;
  /** One or two files, to be streamed out. */
  files(fingerprint: string): Promise<ImageFile[]>;
  /** Fills `directory` with the root file system. */
  unpack(fingerprint: string, directory: string, options: { progress?: Progress; signal?: AbortSignal }): Promise<void>;
  /** Of an image of a virtual machine: makes its disk a qcow2 file that stands alone, at a path that is not there yet. */
  writeDisk(fingerprint: string, path: string, options: { progress?: Progress; signal?: AbortSignal }): Promise<void>;
  /** Source text of a template, undefined when the image has none of that name. */
  template(fingerprint: string, name: string): Promise<string | undefined>;
  /** Makes a unified image of a mounted root file system (unshifted ids). */
  publish(rootfs: string, metadata: ImageMetadata, options: PublishOptions): Promise<ReceivedImage>;
  /** Makes a split image of a disk; `write` puts a qcow2 file that stands alone at a path that is not there yet. */
  publishDisk(
    write: (path: string, form: { compressed: boolean }) => Promise<void>,
    metadata: ImageMetadata,
    options: PublishOptions,
  ): Promise<ReceivedImage>;
  /** Names that `build` can make (`debian/12`), with their descriptions and the types of guests that they can be. */
  recipes(): { alias: string; description: string; architecture: string; types: ImageType[] }[];
  /** Builds from the distribution's own packages; result is a split image. */
  build(
    alias: string,
    options: { type?: ImageType; progress?: Progress; signal?: AbortSignal },
  ): Promise<ReceivedImage>;
  /** Clears what an interrupted call left behind. */
  sweep(): Promise<string[]>;
}

/** Expected refusals of this port; the core turns them into catalogue errors. */
export class ImageRefused extends Error {
  readonly reason: 'broken' | 'hostile' | 'unsupported' | 'too-big' | 'mismatch' | 'no-space' | 'not-found';
  /** What to do about it, in one sentence, when known. */
  readonly help: string | undefined;
  constructor(reason: ImageRefused['reason'], message: string, help?: string) {
    super(message);
    this.name = 'ImageRefused';
    this.reason = reason;
    this.help = help;
  }
}
