/** The bytes of a disk on their way out of a pool or into one; what is not told is zeros. */

export type Extent = { offset: number; lengthBytes: number };
export type DiskPiece = { offset: number; bytes: Buffer };

/** A state of a disk as it was when it was opened; it goes when this is disposed of. */
export type DiskContent = AsyncDisposable & {
  sizeBytes: number;
  /** Where there may be anything but zeros, in ascending order, in whole sectors of 512 bytes. */
  extents: readonly Extent[];
  /** The bytes of the extents, one after the other. May be read more than once. */
  read(): AsyncGenerator<DiskPiece>;
};

/** In ascending order, inside of the disk. */
export type ArrivingDisk = { sizeBytes: number; pieces: AsyncIterable<DiskPiece> };
