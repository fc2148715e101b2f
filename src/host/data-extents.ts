/** Where a file has data, told by its file system (SEEK_DATA), so that holes need not be read. */
import { HostError } from '../lib/host-error.ts';
import { call } from './libc.ts';

const lseek = call<[descriptor: number, offset: number, whence: number]>(
  'long lseek(int descriptor, long offset, int whence)',
);
const seekData = 3;
const seekHole = 4;

export type FileExtent = { offset: number; lengthBytes: number };

/** In ascending order. Holes shorter than `leastHoleBytes` count as data. */
export function dataExtents(descriptor: number, sizeBytes: number, leastHoleBytes: number): FileExtent[] {
  const extents: FileExtent[] = [];
  let last: FileExtent | undefined;
  for (let at = nextData(descriptor, 0); at !== undefined && at < sizeBytes; ) {
    const end = Math.min(sizeBytes, lseek(descriptor, at, seekHole));
    if (last && at - (last.offset + last.lengthBytes) < leastHoleBytes) last.lengthBytes = end - last.offset;
    else {
      last = { offset: at, lengthBytes: end - at };
      extents.push(last);
    }
    at = nextData(descriptor, end);
  }
  return extents;
}

/** Undefined: only a hole follows. */
function nextData(descriptor: number, from: number): number | undefined {
  try {
    return lseek(descriptor, from, seekData);
  } catch (error) {
    if (error instanceof HostError && error.errno === 'ENXIO') return undefined;
    throw error;
  }
}
